#!/usr/bin/env python3
"""Frame times of the labeller in headless Chromium: each line of output is one figure.

    labeller.py PROGRAM DIR [--width 1920 --height 1080] [--boxes 5000] [--only boxes|outlines|large|small]

Makes a dataset of four pictures in DIR (5,000 boxes on one of them, 1,000 outlines on another, one of 50 megapixels, one of
1), serves it, and pans, zooms, moves a box and switches images. "frame" is the time from one frame to the next (16.7 ms at
60 a second), "script" what the labeller's own code takes of it. Needs chromium and chromedriver; standard library only.
"""
import argparse
import base64
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

SHAPES = {"crowd": (4000, 3000), "outlines": (3000, 2000), "large": (8660, 5774), "small": (1155, 866)}


def figure(**fields):
    print(json.dumps(fields), flush=True)


class Browser:
    def __init__(self, width, height, drawing=("--disable-gpu",)):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        while "started successfully on port" not in (line := self.driver.stdout.readline()):
            pass
        self.session = f"http://127.0.0.1:{int(line.rsplit(' ', 1)[1].strip().rstrip('.'))}/session"
        self.profile = tempfile.mkdtemp()
        flags = ["--headless=new", "--no-sandbox", *drawing, "--no-first-run", "--disable-dev-shm-usage",
                 f"--window-size={width},{height}", f"--user-data-dir={self.profile}"]
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": flags}, "timeouts": {"script": 120_000}}
        self.session += "/" + self.ask("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, path, body):
        request = urllib.request.Request(self.session + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=150))["value"]

    def go(self, url):
        self.ask("/url", {"url": url})

    def script(self, body, *args):
        return self.ask("/execute/sync", {"script": body, "args": args})

    def wait(self, body, *args):
        """Runs the body of an async function; gives what it returns."""
        code = "const done = arguments[arguments.length - 1]; (async function () {" + body + "}).apply(null, arguments).then(done, (e) => done({ failed: String(e) }))"
        answer = self.ask("/execute/async", {"script": code, "args": list(args)})
        if isinstance(answer, dict) and "failed" in answer:
            sys.exit(answer["failed"])
        return answer

    def close(self):
        self.driver.kill()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


PICTURE = """
  const [width, height] = arguments;
  const canvas = new OffscreenCanvas(width, height), c = canvas.getContext("2d");
  const g = c.createLinearGradient(0, 0, width, height);
  g.addColorStop(0, "#345"); g.addColorStop(0.5, "#ca8"); g.addColorStop(1, "#253");
  c.fillStyle = g; c.fillRect(0, 0, width, height);
  for (let i = 0; i < 4000; i++) {
    c.fillStyle = `hsl(${(i * 47) % 360} 40% ${30 + (i % 40)}%)`;
    c.fillRect((i * 7919) % width, (i * 104729) % height, 20 + (i % 90), 20 + (i % 70));
  }
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 })).arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
"""

FRAMES = """
  const [kind, count] = arguments;
  const canvas = document.getElementById("lab-shapes");
  const { left, top, width, height } = canvas.getBoundingClientRect();
  canvas.focus();
  const wheel = (more) => canvas.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: left + width / 2, clientY: top + height / 2, ...more }));
  const key = (type, code) => canvas.dispatchEvent(new KeyboardEvent(type, { bubbles: true, cancelable: true, key: code, code }));
  const acts = {
    pan: (i) => wheel({ shiftKey: true, deltaX: i % 120 < 60 ? 9 : -9, deltaY: i % 80 < 40 ? 5 : -5 }),
    zoom: (i) => wheel({ deltaY: i % 60 < 30 ? -40 : 40 }),
    edit: (i) => key("keydown", i % 40 < 20 ? "ArrowRight" : "ArrowLeft"),
    rest: () => {},
  };
  const frames = [], scripts = [];
  let last = null, begun = 0;
  await new Promise((resolve) => {
    let i = 0;
    const turn = (now) => {
      if (last !== null) frames.push(now - last);
      last = now;
      if (i++ >= count) return resolve();
      requestAnimationFrame(() => { begun = performance.now(); });
      acts[kind](i);
      requestAnimationFrame((next) => { scripts.push(performance.now() - begun); turn(next); });
    };
    requestAnimationFrame(turn);
  });
  if (kind === "edit") key("keyup", "ArrowRight");
  const share = (list, q) => Math.round([...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))] * 10) / 10;
  return { frame_p50_ms: share(frames, 0.5), frame_p95_ms: share(frames, 0.95), script_p50_ms: share(scripts, 0.5), script_p95_ms: share(scripts, 0.95) };
"""

READY = "return document.documentElement.dataset.labeller === 'ready' && document.querySelector('#lab-zoom')?.textContent"
PRESS = "const c = document.getElementById('lab-shapes'); c.focus(); for (const type of ['keydown', 'keyup']) c.dispatchEvent(new KeyboardEvent(type, { bubbles: true, cancelable: true, ...arguments[0] }))"
SHOWN = """
  const canvas = document.getElementById("lab-image");
  const begun = performance.now();
  for (;;) {
    await new Promise(requestAnimationFrame);
    const [r, g, b] = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
    if (Math.max(r, g, b) - Math.min(r, g, b) > 8 || performance.now() - begun > 30000) return performance.now();
  }
"""


def yolo_set(browser, folder, n_boxes):
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    chance = random.Random(7)
    for name, (width, height) in SHAPES.items():
        (folder / "images" / f"{name}.jpg").write_bytes(base64.b64decode(browser.wait(PICTURE, width, height)))
    rows = []
    for _ in range(n_boxes):
        w, h = chance.uniform(0.004, 0.04), chance.uniform(0.004, 0.05)
        rows.append(f"{chance.randrange(20)} {chance.uniform(w, 1 - w):.6f} {chance.uniform(h, 1 - h):.6f} {w:.6f} {h:.6f}")
    (folder / "labels" / "crowd.txt").write_text("\n".join(rows) + "\n")
    (folder / "labels" / "large.txt").write_text("0 0.5 0.5 0.0002 0.0003\n1 0.3 0.3 0.1 0.1\n")
    (folder / "labels" / "small.txt").write_text("0 0.5 0.5 0.2 0.3\n")
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames: {[f'class {i}' for i in range(20)]}\n")


def outlines(ask, image):
    """A thousand outlines of twelve points each, through the ordinary door."""
    chance = random.Random(3)
    edits = []
    for n in range(1000):
        x, y, r = chance.uniform(60, 2900), chance.uniform(60, 1900), chance.uniform(15, 55)
        ring = [[round(x + r * c, 1), round(y + r * s, 1)] for c, s in [(1, 0), (.87, .5), (.5, .87), (0, 1), (-.5, .87), (-.87, .5), (-1, 0), (-.87, -.5), (-.5, -.87), (0, -1), (.5, -.87), (.87, -.5)]]
        xs, ys = [p[0] for p in ring], [p[1] for p in ring]
        edits.append({"op": "add", "key": f"k{n}", "class_id": 1 + n % 20, "x": min(xs), "y": min(ys), "w": max(xs) - min(xs), "h": max(ys) - min(ys), "polygon": [ring]})
    ask(f"/api/v1/datasets/bench/images/{image}/edits", {"base_revision": 0, "client_id": "bench-outlines", "edits": edits})


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("dir", type=pathlib.Path)
    options.add_argument("--width", type=int, default=1920)
    options.add_argument("--height", type=int, default=1080)
    options.add_argument("--boxes", type=int, default=5000)
    options.add_argument("--frames", type=int, default=180)
    options.add_argument("--only", default="crowd,outlines,large,small")
    given = options.parse_args()
    browser = Browser(given.width, given.height)
    home = given.dir / "workspace"
    server = None
    try:
        if not (given.dir / "set").exists():
            browser.go("about:blank")
            yolo_set(browser, given.dir / "set", given.boxes)
            subprocess.run([given.program, "import", given.dir / "set", "--dataset", "bench", "--format", "yolo", "--workspace", home], check=True, stdout=subprocess.DEVNULL)
        server = subprocess.Popen([given.program, "serve", "--workspace", home, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().strip()
        base, token = url.split("/?token=")

        def ask(path, body=None):
            request = urllib.request.Request(base + path, body and json.dumps(body).encode(), {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            return json.load(urllib.request.urlopen(request, timeout=60))

        images = {pathlib.Path(i["path"]).stem: i for i in ask("/api/v1/datasets/bench/images?limit=10")["images"]}
        if images["outlines"]["boxes"] == 0:
            outlines(ask, images["outlines"]["image_id"])
        browser.go(url)
        for name in given.only.split(","):
            measure(browser, base, name, images[name]["image_id"], given)
    finally:
        browser.close()
        if server:
            server.terminate()
            server.wait()


def measure(browser, base, name, image, given):
    browser.go(f"{base}/d/bench/label?image={image}")
    while not browser.script(READY):
        time.sleep(0.05)
    first = browser.wait(SHOWN)
    figure(what="first picture on screen", image=name, ms=round(first))
    time.sleep(1)
    size = browser.script("const c = document.getElementById('lab-shapes'); return [c.width, c.height]")
    figure(what="frames", image=name, canvas=size, act="rest", **browser.wait(FRAMES, "rest", 60))
    for view, keys in {"fitted": [{"key": "e", "code": "KeyE"}], "pixel for pixel": [{"key": "Z", "code": "KeyZ", "shiftKey": True}]}.items():
        for press in keys:
            browser.script(PRESS, press)
        time.sleep(0.3)
        for act in ("pan", "zoom", "edit"):
            if act == "edit":
                browser.script(PRESS, {"key": "Tab", "code": "Tab"})
            figure(what="frames", image=name, view=view, act=act, **browser.wait(FRAMES, act, given.frames))
        browser.script(PRESS, {"key": "Escape", "code": "Escape"})


if __name__ == "__main__":
    main()
