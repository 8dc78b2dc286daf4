// Reads a voucher's QR code with the camera, by BarcodeDetector if the browser has it, otherwise by jsQR. The code opens the
// voucher's page; redeeming still needs its button.
const start = document.querySelector("[data-scan]");
const view = document.querySelector("[data-scan-view]");
const video = view.querySelector("video");
const status = view.querySelector("[data-scan-status]");
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
let stream = null;

const detector = await nativeDetector();

async function nativeDetector() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

async function read() {
  if (detector) return (await detector.detect(video))[0]?.rawValue;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  pen.drawImage(video, 0, 0);
  const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
  return window.jsQR(data, width, height)?.data;
}

// A voucher's QR code holds the address of its page. Only the code in the address is used, so it cannot lead elsewhere.
function codeIn(text) {
  return /[?&]code=([0-9A-Za-z]{8})\b/.exec(text)?.[1] ?? /^[0-9A-Za-z]{8}$/.exec(text)?.[0];
}

async function look() {
  if (!stream) return;
  if (video.videoWidth) {
    const text = await read().catch(() => "");
    const code = text && codeIn(text);
    if (code) {
      stop();
      location.assign(`${location.pathname}?code=${code.toUpperCase()}`);
      return;
    }
    if (text) status.textContent = "This is not one of our vouchers.";
  }
  setTimeout(look, 120);
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  view.hidden = true;
  start.hidden = false;
}

if (navigator.mediaDevices?.getUserMedia) start.hidden = false;
start.addEventListener("click", async () => {
  view.hidden = false;
  start.hidden = true;
  status.textContent = "Hold the QR code in front of the camera.";
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    stop();
    view.hidden = false;
    status.textContent = "The camera cannot be used. Allow it in your browser, or enter the code.";
    return;
  }
  video.srcObject = stream;
  await video.play();
  look();
});
view.querySelector("[data-scan-stop]").addEventListener("click", stop);
