"""All figures of `make bench`, each part in a process of its own."""

import subprocess
import sys

PARTS = ("tests.bench.engine_bench", "tests.bench.http", "tests.bench.builder")

if __name__ == "__main__":
    codes = [subprocess.run([sys.executable, "-m", part], check=False).returncode for part in PARTS]
    sys.exit(max(codes))
