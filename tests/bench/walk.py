#!/usr/bin/env python3
"""Walks through many images in the labeller in headless Chromium: how long the next image takes, and whether memory stays.

    walk.py PROGRAM DIR SOURCE [--images 500] [--pace 0.4]

Imports the folder SOURCE (any dataset Tator reads), linked, opens its first image and goes on by key, resting PACE seconds on
each as a person would at the least. "next" is the time from the key to the frame that shows the next image with its boxes.
Memory is that of the page's heap, of all Chromium processes and of the server. Needs chromium and chromedriver.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import time
import urllib.request

from labeller import Browser, figure

STEP = """
const done = arguments[arguments.length - 1];
const shown = () => document.querySelector("#lab-position-now").textContent;
const before = shown(), begun = performance.now();
document.querySelector("#lab-shapes").dispatchEvent(new KeyboardEvent("keydown", { key: ".", code: "Period", bubbles: true }));
document.querySelector("#lab-shapes").dispatchEvent(new KeyboardEvent("keyup", { key: ".", code: "Period", bubbles: true }));
const look = () => (shown() !== before ? requestAnimationFrame(() => done(performance.now() - begun)) : performance.now() - begun > 5000 ? done(null) : requestAnimationFrame(look));
look();
"""


def resident(pids):
    total = 0
    for pid in pids:
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total / 1024


def descendants(root):
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    found, more = set(), {root}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in more} - found
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("source")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--pace", type=float, default=0.4)
    given = parser.parse_args()
    workspace = str(pathlib.Path(given.folder) / "walk")
    subprocess.run([given.program, "import", given.source, "--dataset", "walk", "--link", "--workspace", workspace],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = subprocess.Popen([given.program, "serve", "--workspace", workspace, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    base = url.split("/?")[0]
    browser = Browser(1920, 1080)
    try:
        browser.go(url)
        browser.go(f"{base}/d/walk/label?image=1")
        while not browser.script("return document.documentElement.dataset.labeller === 'ready'"):
            time.sleep(0.05)
        time.sleep(2)
        times, n = [], 0
        for n in range(1, given.images + 1):
            took = browser.ask("/execute/async", {"script": STEP, "args": []})
            if took is None:
                break
            times.append(took)
            if n in (50, 100, 200, 300, 400, 500) or n == given.images:
                heap = browser.script("return performance.memory ? performance.memory.usedJSHeapSize / 1048576 : null")
                figure(images=n, heap_mb=heap and round(heap), chromium_mb=round(resident(descendants(browser.driver.pid))), server_mb=round(resident([server.pid])))
            time.sleep(given.pace)
        ordered = sorted(times)
        figure(what="next image", images=n, p50=round(statistics.median(times), 1), p95=round(ordered[int(len(ordered) * 0.95)], 1), max=round(ordered[-1], 1))
        request = urllib.request.Request(f"{base}/api/v1/assist", headers={"Authorization": f"Bearer {url.rsplit('=', 1)[1]}"})
        status = json.load(urllib.request.urlopen(request))
        figure(what="slots", bytes_mb=round(status["memory"]["slots_bytes"] / 1048576), budget_mb=round(status["memory"]["budget_bytes"] / 1048576))
    finally:
        browser.close()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
