"""The sandbox around `true`, from the call to its return; a bare bubblewrap, and fork and exec alone (bench/sandbox.c)."""
import subprocess

from harness import Skip


def run(ctx):
    ctx.program("bwrap", "bubblewrap")
    with ctx.folder() as folder:
        r = subprocess.run([ctx.tool("sandbox"), str(folder), "50" if ctx.quick else "500", "262144"],
                           capture_output=True, text=True, check=False)
    if r.returncode:
        raise Skip(r.stderr.strip() or "no sandbox here")
    took = {name: (float(p50), float(p99)) for name, p50, p99 in (line.split() for line in r.stdout.splitlines())}
    ctx.row("a sandbox around true, median", took["ours"][0], "ms", ("<", 100), p99=took["ours"][1])
    ctx.row("  p99", took["ours"][1], "ms", ("<", 100))
    ctx.row("  of it bubblewrap", took["ours"][0], "ms", None, "bare bwrap", took["bwrap"][0], took["ours"][0] / took["bwrap"][0])
    ctx.row("  of it the process", took["ours"][0], "ms", None, "fork and exec", took["exec"][0], took["ours"][0] / took["exec"][0])
