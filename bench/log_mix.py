"""Makes the bench's file: lines as servers write them, the same bytes for the same seed and size.

log_mix.py FILE MEGABYTES: half nginx access lines, three tenths a Java program's, a tenth JSON, a tenth
logfmt, about 154 bytes each, every one with a number of its own.
"""
import os
import pathlib
import random
import sys

SEED = 20_260_101
MEGABYTE = 1_000_000
_CHUNK_LINES = 20_000

_PATHS = ("/", "/index.html", "/api/v1/orders", "/api/v1/orders/{}", "/api/v2/users/{}/profile",
          "/static/js/app.4f2a91.js", "/static/css/site.css", "/images/products/{}.webp", "/login",
          "/search?q=blue+shoes&page={}", "/healthz", "/api/v1/cart/{}/items")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36",
           "curl/7.88.1", "kube-probe/1.29", "python-requests/2.31.0",
           "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1")
_CLASSES = ("c.e.shop.OrderService", "c.e.shop.PaymentGateway", "o.s.web.servlet.DispatcherServlet",
            "o.h.engine.jdbc.spi.SqlExceptionHelper", "c.e.auth.TokenFilter", "c.z.hikari.pool.HikariPool")
_SENTENCES = ("Order {} accepted for customer {} in {} ms", "Retrying payment {} (attempt {}), waiting {} ms",
              "Query took {} ms: select o.id, o.total from orders o where o.customer_id = {} limit {}",
              "Token of user {} expires in {} s, refreshed by node {}",
              "Pool stats (total={}, active={}, waiting={}) after a connection was added",
              "Completed 200 OK for request {} in {} ms, {} bytes")
_SERVICES = ("checkout", "catalog", "auth", "inventory", "mailer")
_LEVELS = ("INFO", "INFO", "INFO", "INFO", "DEBUG", "DEBUG", "WARN", "ERROR")


def _clock(number):
    seconds = 36_000 + number // 2_000
    return seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, number % 2_000 // 2


def _nginx(number, chance):
    hour, minute, second, _ = _clock(number)
    value = chance.random()
    bits = int(value * (1 << 30))
    path = _PATHS[bits % len(_PATHS)].format(bits % 9973)
    status = 200 if value < 0.93 else (304, 404, 500, 302)[bits % 4]
    return (f'10.{bits % 4}.{bits // 7 % 256}.{bits // 11 % 256} - - [14/Mar/2026:{hour:02}:{minute:02}:'
            f'{second:02} +0000] "GET {path} HTTP/1.1" {status} {bits // 13 % 50_000} "-" '
            f'"{_AGENTS[bits // 17 % len(_AGENTS)]}" {number}\n')


def _java(number, chance):
    hour, minute, second, ms = _clock(number)
    bits = int(chance.random() * (1 << 40))
    sentence = _SENTENCES[bits % 6].format(bits // 7 % 100_000, bits // 13 % 10_000, bits // 29 % 1_000)
    return (f'2026-03-14 {hour:02}:{minute:02}:{second:02}.{ms:03} {_LEVELS[bits // 3 % 8]:5} '
            f'[http-nio-8080-exec-{bits // 5 % 40}] {_CLASSES[bits // 11 % 6]} : {sentence} '
            f'[trace={bits:010x} n={number}]\n')


def _json(number, chance):
    hour, minute, second, ms = _clock(number)
    bits = int(chance.random() * (1 << 40))
    return (f'{{"ts":"2026-03-14T{hour:02}:{minute:02}:{second:02}.{ms:03}Z","level":'
            f'"{_LEVELS[bits // 3 % 8].lower()}","service":"{_SERVICES[bits % 5]}","n":{number},'
            f'"trace_id":"{bits:010x}","user":{bits // 7 % 50_000},"ms":{bits // 19 % 900},'
            f'"msg":"request done"}}\n')


def _logfmt(number, chance):
    hour, minute, second, ms = _clock(number)
    bits = int(chance.random() * (1 << 40))
    return (f'ts=2026-03-14T{hour:02}:{minute:02}:{second:02}.{ms:03}Z level='
            f'{_LEVELS[bits // 3 % 8].lower()} svc={_SERVICES[bits % 5]} n={number} trace={bits:010x} '
            f'rows={bits // 7 % 2_000} took={bits // 19 % 900}ms msg="batch written to the store"\n')


# Of ten lines: five, three, one, one.
_KINDS = (_nginx, _java, _nginx, _json, _nginx, _java, _nginx, _logfmt, _nginx, _java)


def make(path, megabytes):
    """Writes the file, whole or not at all, whoever else is at it."""
    chance = random.Random(SEED)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    left, number = megabytes * MEGABYTE, 0
    with open(partial, "wb") as file:
        while left > 0:
            text = "".join(_KINDS[at % 10](at, chance) for at in range(number, number + _CHUNK_LINES))
            data = text.encode("ascii")
            if len(data) > left:  # ends with a whole line, at or above the size
                data = data[:data.index(b"\n", left - 1) + 1]
            file.write(data)
            left -= len(data)
            number += _CHUNK_LINES
    os.replace(partial, path)
    return path


def cached(folder, megabytes):
    """The file of this size; made where it isn't there yet."""
    path = pathlib.Path(folder) / f"mix-{megabytes}mb.log"
    return path if path.exists() else make(path, megabytes)


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
