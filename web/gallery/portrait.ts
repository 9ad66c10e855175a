/** Invented portraits, out of focus: a place's own colours, the same at each drawing. */

const WIDTH = 640;
const HEIGHT = 360;
/** Drawn so much smaller: enlarging is what puts them out of focus. */
const SOFT = 8;

function random(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export function portrait(seed: number): HTMLCanvasElement {
  const next = random(seed + 7);
  for (let turn = 0; turn < 5; turn += 1) next();
  const { canvas, context } = drawing(WIDTH / SOFT, HEIGHT / SOFT);
  context.scale(1 / SOFT, 1 / SOFT);
  const hue = 205 + next() * 50 - (next() > 0.75 ? 180 : 0);
  context.fillStyle = `hsl(${hue} 16% ${30 + next() * 12}%)`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = `hsl(${hue} 18% ${next() > 0.5 ? 58 : 32}% / 0.6)`;
  context.fillRect(next() > 0.5 ? 40 : 430, 30, 170, 200);
  const skin = ["#d9a984", "#e7c0a0", "#a5714d", "#c08e69", "#7b5138", "#ecd0b4"][Math.floor(next() * 6)] ?? "#d9a984";
  const hair = ["#1c1a1a", "#4a3526", "#8a8580", "#2b2220", "#b9b4ae"][Math.floor(next() * 5)] ?? "#1c1a1a";
  const middle = WIDTH / 2 + (next() - 0.5) * 40;
  context.fillStyle = `hsl(${215 + next() * 30} 28% ${14 + next() * 8}%)`;
  ellipse(context, middle, HEIGHT + 50, 150, 165);
  context.fillStyle = "#e9edf0";
  ellipse(context, middle, 272, 26, 46);
  context.fillStyle = skin;
  context.fillRect(middle - 22, 205, 44, 45);
  context.fillStyle = hair;
  ellipse(context, middle, 150, 60, 72);
  context.fillStyle = skin;
  ellipse(context, middle, 168, 52, 66);
  context.fillStyle = "rgb(40 30 30 / 0.55)";
  for (const side of [-20, 20]) ellipse(context, middle + side, 160, 6, 4);
  ellipse(context, middle, 202, 14, 3);
  const large = drawing(WIDTH, HEIGHT);
  large.context.imageSmoothingQuality = "high";
  large.context.drawImage(canvas, 0, 0, WIDTH, HEIGHT);
  return large.canvas;
}

function drawing(width: number, height: number) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws nothing");
  return { canvas, context };
}

function ellipse(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.beginPath();
  context.ellipse(x, y, width, height, 0, 0, Math.PI * 2);
  context.fill();
}

/** Shows a portrait in a video element as a camera's picture is. */
export function showPortrait(seed: number, element: HTMLVideoElement): () => void {
  const canvas = portrait(seed);
  const stream = canvas.captureStream(0);
  element.srcObject = stream;
  const [track] = stream.getVideoTracks();
  const timer = setInterval(() => {
    canvas.getContext("2d")?.drawImage(canvas, 0, 0);
    if (track && "requestFrame" in track) (track as CanvasCaptureMediaStreamTrack).requestFrame();
  }, 250);
  void element.play().catch(() => undefined);
  return () => {
    clearInterval(timer);
    element.srcObject = null;
  };
}
