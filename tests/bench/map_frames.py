#!/usr/bin/env python3
"""The map of a million points in headless Chromium: when it is ready, and frames while it is moved about.

    map_frames.py PROGRAM DIR [--points 1000000] [--width 1440 --height 900] [--seconds 5]

Makes a dataset of so many made-up boxes in DIR and lays out a map of them (a heap of points for each of 80 classes) in the
tables where `tator map` puts one, serves it, opens the map and moves it with the keys. While the map moves, its pace draws
fewer points when frames are late, and all of them when it rests; told are both, and what one whole drawing takes with the
picture waited for. Without a graphics card Chromium draws in software, which is said. Needs chromium, chromedriver and duckdb.
"""
import argparse
import json
import pathlib
import subprocess
import time

import duckdb
from labeller import Browser

MOVE = """
  const [seconds] = arguments;
  const { inspect } = await import(document.querySelector('script[src*="map/main.js"]').src);
  const middle = (list) => [...list].sort((a, b) => a - b);
  const drawn = (most) => middle([1, 2, 3].map(() => { const begun = performance.now(); inspect.draw(most); return performance.now() - begun; }))[1];
  const whole = drawn(inspect.points.count), tenth = drawn(inspect.points.count / 10);
  document.querySelector("[data-stage]").focus();
  const frames = [], until = performance.now() + seconds * 1000;
  let last = 0;
  await new Promise((resolve) => {
    const tick = (now) => {
      if (last) frames.push(now - last);
      last = now;
      const there = Math.floor(now / 1000) % 2 === 0;
      document.dispatchEvent(new KeyboardEvent("keydown", { key: there ? "ArrowLeft" : "ArrowRight", bubbles: true }));
      if (now < until) requestAnimationFrame(tick); else resolve();
    };
    requestAnimationFrame(tick);
  });
  const settled = middle(frames.slice(Math.floor(frames.length / 3)));
  const gl = document.createElement("canvas").getContext("webgl2"), named = gl?.getExtension("WEBGL_debug_renderer_info");
  return {
    draw_all_ms: whole, draw_a_tenth_ms: tenth, frames: frames.length, frame_p50_ms: settled[settled.length >> 1], frame_p95_ms: settled[Math.floor(settled.length * 0.95)],
    points_while_moving: inspect.pace().most(), heap_mb: (performance.memory?.usedJSHeapSize ?? 0) / 1e6, drawn_by: named ? gl.getParameter(named.UNMASKED_RENDERER_WEBGL) : "Canvas2D",
  };
"""


def lay_out(program, workspace, points):
    source = workspace.parent / "made_up.json"
    subprocess.run([program, "synthesize", "coco", source, "--images", str(points // 10), "--boxes", str(points)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, "import", source, "--dataset", "big", "--json", "--workspace", workspace], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tables = duckdb.connect(str(workspace / "live.duckdb"))
    tables.execute("""INSERT INTO big.map_points SELECT 'made_boxes_umap', image_id, box_id,
        (cos(class_id * 2.4) * sqrt(class_id / 80.0) * 9 + sqrt(-2 * ln(random() + 1e-12)) * cos(6.28318 * random()) * 0.45)::FLOAT,
        (sin(class_id * 2.4) * sqrt(class_id / 80.0) * 9 + sqrt(-2 * ln(random() + 1e-12)) * sin(6.28318 * random()) * 0.45)::FLOAT FROM big.boxes""")
    tables.execute("""INSERT INTO big.maps VALUES ('made_boxes_umap', 'made', 'boxes', 'umap', (SELECT count(*) FROM big.map_points), 'f', '{}', now()::TIMESTAMP)""")
    tables.execute("CREATE OR REPLACE VIEW big.map_made_boxes_umap AS SELECT image_id, box_id, x, y FROM big.map_points WHERE map = 'made_boxes_umap'")
    tables.close()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("program")
    options.add_argument("dir", type=pathlib.Path)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--width", type=int, default=1440)
    options.add_argument("--height", type=int, default=900)
    options.add_argument("--seconds", type=float, default=5)
    given = options.parse_args()
    given.dir.mkdir(parents=True, exist_ok=True)
    home = given.dir / "workspace"
    if not home.exists():
        lay_out(given.program, home, given.points)
    server = subprocess.Popen([given.program, "serve", "--workspace", home, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    browser = Browser(given.width, given.height, ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
    try:
        url = server.stdout.readline().strip()
        browser.go(url)
        begun = time.perf_counter()
        browser.go(url.split("/?")[0] + "/d/big/map?map=made_boxes_umap")
        browser.wait("while (document.documentElement.dataset.map !== 'ready') await new Promise((r) => setTimeout(r, 50)); return true;")
        ready = time.perf_counter() - begun
        time.sleep(2)
        print(json.dumps({"points": given.points, "ready_s": round(ready, 1), **browser.wait(MOVE, given.seconds)}))
    finally:
        browser.close()
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
