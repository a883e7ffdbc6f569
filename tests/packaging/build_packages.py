"""Builds the packages with CPack and unpacks them: OUT/deb, OUT/rpm, and their trees beside them.

build_packages.py CPACK CPACK_CONFIG OUT

What this machine has no tools for is left out; the tests of it then say so.
"""
import pathlib
import shutil
import subprocess
import sys


def build(cpack, config, generator, folder):
    folder.mkdir(parents=True)
    done = subprocess.run([cpack, "--config", config, "-G", generator, "-B", str(folder)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"cpack -G {generator} failed:\n{done.stdout}{done.stderr}")
    shutil.rmtree(folder / "_CPack_Packages")


def unpack_deb(package, tree):
    subprocess.run(["dpkg-deb", "-x", str(package), str(tree)], check=True)


def unpack_rpm(package, tree):
    with subprocess.Popen(["rpm2cpio", str(package)], stdout=subprocess.PIPE) as archive:
        subprocess.run(["cpio", "-idm", "--quiet"], stdin=archive.stdout, cwd=tree, check=True)
    if archive.returncode != 0:
        sys.exit(f"rpm2cpio {package} failed")


KINDS = {"DEB": (("dpkg-deb", "dpkg-shlibdeps"), unpack_deb),
         "RPM": (("rpmbuild", "rpm2cpio", "cpio"), unpack_rpm)}


def main(cpack, config, out):
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    for generator, (tools, unpack) in KINDS.items():
        if not all(shutil.which(tool) for tool in tools):
            continue
        kind = generator.lower()
        build(cpack, config, generator, out / kind)
        tree = out / f"{kind}-tree"
        tree.mkdir()
        for package in (out / kind).glob(f"*.{kind}"):
            unpack(package, tree)


if __name__ == "__main__":
    main(*sys.argv[1:])
