#!/usr/bin/env python3
"""Tator's side of the benchmarks: each sub-command prints one JSON line per figure.

    tator.py PROGRAM import   DIR SHAPE      time and memory of a COCO import (labels only)
    tator.py PROGRAM export   DIR SHAPE      the same set out again as COCO and YOLO
    tator.py PROGRAM serve    DIR SHAPE      start-up, pages, edits (idle and under a query), SQL

DIR keeps the workspace and the generated label sets between runs. SHAPE is IMAGES:BOXES, such as 118287:860001.
Only the standard library is used; rivals are timed by rivals.py.
"""
import http.client
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse


def figure(**fields):
    print(json.dumps(fields), flush=True)


def measured(command):
    """Runs a command; gives seconds, CPU seconds, peak MB and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]

    def watch():
        while done.poll() is None:
            try:
                for line in pathlib.Path(f"/proc/{done.pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM"):
                        peak[0] = max(peak[0], int(line.split()[1]))
            except OSError:
                pass
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = done.communicate()
    watcher.join()
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in (0, 4):
        sys.exit(f"{' '.join(map(str, command))}: {err}")
    return seconds, cpu, peak[0] / 1024, out


def label_set(program, folder, shape):
    images, boxes = shape.split(":")
    path = folder / f"coco-{images}-{boxes}.json"
    if not path.exists():
        subprocess.run([program, "synthesize", "coco", path, "--images", images, "--boxes", boxes], check=True)
    return path


def workspace(folder, shape):
    return folder / f"workspace-{shape.replace(':', '-')}"


def run_import(program, folder, shape):
    source = label_set(program, folder, shape)
    home = workspace(folder, shape)
    shutil.rmtree(home, ignore_errors=True)
    command = [program, "import", source, "--dataset", "big", "--format", "coco", "--json", "--workspace", home]
    # A dry run reads, checks and plans, and writes nothing: the share of the format's reader.
    seconds, cpu, peak, out = measured([*command, "--dry-run"])
    figure(tool="tator", what="coco-read", shape=shape, seconds=round(json.loads(out)["seconds"], 2),
           cpu_seconds=round(cpu, 2), peak_rss_mb=round(peak))
    seconds, cpu, peak, out = measured(command)
    report = json.loads(out)
    figure(tool="tator", what="coco-import", shape=shape, seconds=round(report["seconds"], 2),
           with_publishing=round(seconds, 2), cpu_seconds=round(cpu, 2), peak_rss_mb=round(peak), boxes=report["boxes"])


def run_export(program, folder, shape):
    home = workspace(folder, shape)
    # What is left of a run goes at the end: on ext4, files made within a minute of deleting as many cost three times as much.
    outs = [folder / f"out-{time.time_ns()}-{form}{kind}" for form in ("coco", "yolo") for kind in ("", ".zip")]
    for target in outs:
        form = target.stem.split("-")[-1]
        command = [program, "export", "--dataset", "big", "--format", form, "--out", target, "--images", "none",
                   "--json", "--workspace", home]
        seconds, cpu, peak, out = measured(command)
        report = json.loads(out)
        figure(tool="tator", what=f"export-{form}{'-zip' if target.suffix else ''}", shape=shape,
               seconds=round(report["seconds"], 2), cpu_seconds=round(cpu, 2), peak_rss_mb=round(peak), boxes=report["boxes"])
    for target in outs:
        shutil.rmtree(target, ignore_errors=True)
        target.unlink(missing_ok=True)


class Client:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.token = urllib.parse.parse_qs(parts.query)["token"][0]
        self.host = parts.netloc
        self.connection = http.client.HTTPConnection(self.host)
        self.used = time.monotonic()

    def ask(self, method, path, body=None, accept="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body)
        if time.monotonic() - self.used > 3:  # the server closes connections that rest
            self.connection.close()
            self.connection.connect()
        begun = time.perf_counter()
        self.connection.request(method, path, data, headers)
        answer = self.connection.getresponse()
        self.used = time.monotonic()
        content = answer.read()
        seconds = time.perf_counter() - begun
        if answer.status >= 400:
            sys.exit(f"{method} {path}: {answer.status} {content[:300]}")
        return seconds, content


def spread(times):
    ordered = sorted(times)
    pick = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
    return {"n": len(ordered), "p50_ms": round(pick(0.5), 2), "p95_ms": round(pick(0.95), 2), "max_ms": round(ordered[-1] * 1000, 1)}


def edit_times(client, n_images, count, seed):
    chance = random.Random(seed)
    times = []
    for n in range(count):
        image = chance.randint(1, n_images)
        detail = json.loads(client.ask("GET", f"/api/v1/datasets/big/images/{image}")[1])
        edits = [{"op": "add", "key": "k", "class_id": 1 + n % 80, "x": 10 + n % 50, "y": 12, "w": 30, "h": 20}]
        body = {"base_revision": detail["revision"], "client_id": f"bench-{seed}-{n}", "edits": edits}
        times.append(client.ask("POST", f"/api/v1/datasets/big/images/{image}/edits", body)[0])
    return times


def run_serve(program, folder, shape):
    home = workspace(folder, shape)
    n_images = int(shape.split(":")[0])
    begun = time.perf_counter()
    server = subprocess.Popen([program, "serve", "--workspace", home, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stderr=open(folder / "server.log", "w"), text=True, env={**os.environ, "RUST_LOG": "tator_pipeline=info"})
    try:
        client = Client(server.stdout.readline().strip())
        client.ask("GET", "/datasets", accept="text/html")
        figure(tool="tator", what="start-to-first-page", shape=shape, seconds=round(time.perf_counter() - begun, 3))
        pages = {
            "datasets": "/datasets", "dataset": "/d/big", "gallery": "/d/big/gallery", "gallery-deep": f"/d/big/gallery?after={n_images * 9 // 10}",
            "gallery-class": "/d/big/gallery?class=17", "gallery-text": "/d/big/gallery?text=1234", "label": f"/d/big/label?image={n_images // 2}",
            "sql": "/sql", "jobs": "/jobs", "history": "/d/big/history", "trash": "/trash",
        }
        for name, path in pages.items():
            client.ask("GET", path, accept="text/html")
            figure(tool="tator", what=f"page-{name}", shape=shape, **spread([client.ask("GET", path, accept="text/html")[0] for _ in range(20)]))
        for name, path in {"api-image": f"/api/v1/datasets/big/images/{n_images // 3}",
                           "api-neighbours": f"/api/v1/datasets/big/images/{n_images // 3}/neighbours"}.items():
            figure(tool="tator", what=name, shape=shape, **spread([client.ask("GET", path)[0] for _ in range(50)]))
        edit_times(client, n_images, 20, 0)
        figure(tool="tator", what="edit-idle", shape=shape, **spread(edit_times(client, n_images, 400, 1)))
        stop = threading.Event()

        def analyst():
            other = Client(f"http://{client.host}/?token={client.token}")
            query = {"sql": "SELECT a.class_id, b.class_id AS other, count(*), avg(a.w * b.h) FROM big.boxes a JOIN big.boxes b USING (image_id) GROUP BY ALL", "seconds": 60}
            while not stop.is_set():
                other.ask("POST", "/api/v1/sql", query)

        busy = threading.Thread(target=analyst)
        busy.start()
        time.sleep(0.2)
        figure(tool="tator", what="edit-under-query", shape=shape, **spread(edit_times(client, n_images, 400, 2)))
        stop.set()
        busy.join()
        group = {"sql": "SELECT class_id, count(*), avg(w), avg(h) FROM big.boxes GROUP BY class_id"}
        figure(tool="tator", what="sql-group-by", shape=shape, **spread([client.ask("POST", "/api/v1/sql", group)[0] for _ in range(20)]))
        for n in (1, 100, 1000):
            time.sleep(7)
            (folder / "server.log").open("a").close()
            before = (folder / "server.log").read_text().count("published")
            for image in range(1, n + 1):
                detail = json.loads(client.ask("GET", f"/api/v1/datasets/big/images/{image}")[1])
                body = {"base_revision": detail["revision"], "client_id": f"fold-{n}-{image}-{begun}",
                        "edits": [{"op": "state", "value": "reviewed"}]}
                client.ask("POST", f"/api/v1/datasets/big/images/{image}/edits", body)
            for _ in range(200):
                time.sleep(0.1)
                lines = [l for l in (folder / "server.log").read_text().splitlines() if "published" in l]
                if len(lines) > before:
                    break
            plain = re.sub(r"\x1b\[[0-9;]*m", "", lines[-1])
            figure(tool="tator", what="fold", shape=shape, images=int(re.search(r"images=(\d+)", plain)[1]), ms=round(float(re.search(r" ms=([\d.]+)", plain)[1]), 1))
        peak = next(l for l in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines() if l.startswith("VmHWM"))
        figure(tool="tator", what="server-memory", shape=shape, peak_rss_mb=int(peak.split()[1]) // 1024)
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    program, command, where, shape = sys.argv[1:5]
    where = pathlib.Path(where)
    where.mkdir(parents=True, exist_ok=True)
    {"import": run_import, "export": run_export, "serve": run_serve}[command](program, where, shape)
