// Draws points with WebGL 2: one buffer of places, one of codes, one of moods; colours lie in a texture of 256 dots.
//
// Points lie in the buffers in a random order, so that the first so many of them are a fair sample: while the map
// moves, as many are drawn as the machine shows in a frame; when it rests, the others are drawn over them, so the canvas keeps what it shows.

const VERTEX = `#version 300 es
in vec2 place; in uint code; in uint mood;
uniform vec2 centre, stretch; uniform float size; uniform bool picking;
uniform sampler2D colours;
out vec4 colour;
void main() {
  bool hidden = mood == 0u;
  gl_Position = hidden ? vec4(2.0, 2.0, 2.0, 1.0) : vec4((place - centre) * stretch, 0.0, 1.0);
  gl_PointSize = mood == 2u ? size + 2.0 : size;
  vec3 own = texelFetch(colours, ivec2(int(code), 0), 0).rgb;
  float strength = picking && mood != 2u ? 0.16 : 0.82;
  colour = vec4(own * strength, strength);
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 colour; uniform bool round; out vec4 drawn;
void main() {
  if (round) { vec2 way = gl_PointCoord - 0.5; if (dot(way, way) > 0.25) discard; }
  drawn = colour;
}`;

function compiled(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

/** The order in which points lie in the buffers: the same in every visit. */
export function shuffled(count) {
  const order = new Uint32Array(count);
  let state = 88172645;
  for (let at = 0; at < count; at++) {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    const other = (state >>> 0) % (at + 1);
    order[at] = order[other];
    order[other] = at;
  }
  return order;
}

/** A drawing of points on a canvas; `null` where there is no WebGL 2. */
export function glDrawing(canvas, points) {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const program = compiled(gl), { count } = points, order = shuffled(count);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const at = Object.fromEntries(["centre", "stretch", "size", "picking", "round", "colours"].map((name) => [name, uniform(name)]));
  gl.useProgram(program);
  const buffer = (name, parts, whole) => {
    const own = gl.createBuffer(), index = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, own);
    gl.enableVertexAttribArray(index);
    if (whole) gl.vertexAttribPointer(index, parts, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribIPointer(index, 1, gl.UNSIGNED_BYTE, 0, 0);
    return own;
  };
  const places = new Float32Array(count * 2);
  for (let n = 0; n < count; n++) { places[2 * n] = points.x[order[n]]; places[2 * n + 1] = points.y[order[n]]; }
  buffer("place", 2, true);
  gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
  const codeBuffer = buffer("code", 1, false), moodBuffer = buffer("mood", 1, false);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const sent = (own, values) => {
    const mixed = new Uint8Array(count);
    for (let n = 0; n < count; n++) mixed[n] = values[order[n]];
    gl.bindBuffer(gl.ARRAY_BUFFER, own);
    gl.bufferData(gl.ARRAY_BUFFER, mixed, gl.DYNAMIC_DRAW);
  };
  return {
    plain: false,
    count,
    colours: (bytes) => gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes),
    codes: (values) => sent(codeBuffer, values),
    moods: (values) => sent(moodBuffer, values),
    /** Draws the points of those numbers over what is there; from number 0 on, over nothing. */
    draw(camera, [width, height], { size, picking, from, to }) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      if (from === 0) {
        gl.clearColor(0, 0, 0, 0);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
      const pixels = canvas.width / width;
      gl.uniform2f(at.centre, camera.x, camera.y);
      gl.uniform2f(at.stretch, (2 * camera.scale) / width, (2 * camera.scale) / height);
      gl.uniform1f(at.size, size * pixels);
      gl.uniform1i(at.picking, picking ? 1 : 0);
      gl.uniform1i(at.round, size * pixels > 3.5 ? 1 : 0);
      gl.drawArrays(gl.POINTS, from, to - from);
    },
    /** Waits until what was drawn is there: for measuring. */
    finish: () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)),
  };
}
