"""What the kernel knows of a running process: memory and CPU time."""
import os
import re


def _status_bytes(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            match = re.match(rf"{field}:\s+(\d+) kB", line)
            if match:
                return int(match.group(1)) * 1024
    return 0


def resident_bytes(pid):
    return _status_bytes(pid, "VmRSS")


def peak_resident_bytes(pid):
    """The most it ever held. Unlike ru_maxrss it begins at exec, without the parent's pages."""
    return _status_bytes(pid, "VmHWM")


def cpu_seconds(pid):
    """User and system time of all its threads so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
