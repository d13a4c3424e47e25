// The demo in the browser. Nothing is fetched from anywhere: pictures come and go as messages of the widget, and the
// slider between before and after moves without asking Python.

const PART = 2 ** 20; // bytes of a message
const LARGEST_FILE = 200 * PART;
const STEP = 0.02; // of the photo's shorter side, by which an arrow key moves the crop
let views = 0;

const PAGE = (id) => `
  <h2>Your photo, four times as large</h2>
  <p class="quiet">A network enlarges it; bicubic interpolation, which invents nothing, stands beside it.</p>
  <div class="notice" role="note"><p><strong class="warning"></strong></p><p><span class="consent"></span> <span class="privacy"></span></p></div>
  <div class="message" role="alert"></div>
  <div class="columns">
    <div>
      <fieldset>
        <legend>Photo</legend>
        <div class="drop">
          <div class="frame">
            <img class="photo" draggable="false">
            <div class="crop" role="application" tabindex="0" aria-roledescription="crop square"><span class="corner"></span></div>
          </div>
          <p class="hint" id="hint-${id}">Drop a photo here. Drag the square, or focus it: arrow keys move it, + and − change its size.</p>
          <input class="hidden file" type="file" accept="image/*" id="file-${id}">
          <label class="button" for="file-${id}">Choose a photo</label>
          <button class="button example" type="button">Example</button>
        </div>
      </fieldset>
      <fieldset class="modes"><legend>What to do</legend></fieldset>
      <fieldset class="inputs"><legend>Size of the small input</legend><div class="row"></div></fieldset>
      <label class="legend" for="model-${id}">Network</label>
      <select class="model" id="model-${id}"></select>
      <p class="hint about"></p>
    </div>
    <div>
      <div class="viewer">
        <div class="sides">
          <label>Left<select class="before"></select></label>
          <label>Right<select class="after"></select></label>
        </div>
        <div class="stage">
          <img class="before" alt=""><img class="after" alt="">
          <span class="tag before"></span><span class="tag after"></span><div class="divider"></div>
        </div>
        <input class="slider" type="range" min="0" max="100" value="50" step="1" aria-label="Before and after: how much of the left picture is seen">
      </div>
      <div class="key" hidden><span>equal</span><i aria-hidden="true"></i><span class="peak"></span></div>
      <div class="progress" hidden>
        <progress max="1" aria-label="Enlarging"></progress>
        <button class="button cancel" type="button">Cancel</button>
      </div>
      <p class="summary" role="status"></p>
      <table hidden>
        <caption>On brightness, 4 px of border cut: higher is nearer to the original.</caption>
        <thead><tr><th scope="col">Enlarged by</th><th scope="col">PSNR, dB</th><th scope="col">SSIM</th></tr></thead>
        <tbody></tbody>
      </table>
      <button class="button main download" type="button" disabled>Download the result as PNG</button>
    </div>
  </div>`;

/** Builds the view of a widget's model in an element; returns what tidies up after it. */
function render({ model, el }) {
  const id = `srlib-${(views += 1)}`;
  const root = document.createElement("section");
  root.className = "srlib-app";
  root.lang = "en";
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's own: a key pressed here is not for the notebook …
  root.addEventListener("keydown", (event) => event.stopPropagation()); // … nor for its list of cells
  root.setAttribute("aria-label", "Your photo, four times as large");
  root.innerHTML = PAGE(id);
  el.appendChild(root);
  const page = { model, root, id, find: (selector) => root.querySelector(selector), urls: new Map(), parts: [] };
  page.find(".crop").setAttribute("aria-describedby", `hint-${id}`);
  fillTexts(page);
  fillChoices(page);
  takePhotos(page);
  moveCrop(page);
  compare(page);
  giveFile(page);
  page.find(".cancel").addEventListener("click", () => model.send({ kind: "cancel" }));
  follow(page);
  return () => page.urls.forEach((url) => URL.revokeObjectURL(url));
}

/** Shows the model's state now and whenever it changes. */
function follow(page) {
  const shown = {
    photo: showPhoto, square: showCrop, mode: showMode, side: showMode, model: showModel,
    busy: showBusy, share: showBusy, message: showMessage, result: showResult,
  };
  for (const [name, show] of Object.entries(shown)) {
    page.model.on(`change:${name}`, () => show(page));
    show(page);
  }
}

function set(page, name, value) {
  page.model.set(name, value);
  page.model.save_changes();
}

function fillTexts(page) {
  for (const [name, text] of Object.entries(page.model.get("texts"))) page.find(`.${name}`).textContent = text;
}

/** Radio buttons for what to do and for the input's size, options for the network. */
function fillChoices(page) {
  for (const mode of page.model.get("modes")) {
    page.find(".modes").append(radio(page, "mode", mode.name, mode.label));
  }
  for (const side of page.model.get("sides")) {
    page.find(".inputs .row").append(radio(page, "side", side, `${side}×${side}`));
  }
  const select = page.find("select.model");
  select.replaceChildren(...page.model.get("models").map(({ name, label }) => new Option(label, name)));
  select.addEventListener("change", () => set(page, "model", select.value));
}

function radio(page, name, value, text) {
  const input = Object.assign(document.createElement("input"), { type: "radio", name: `${name}-${page.id}`, value });
  input.dataset.of = name;
  input.addEventListener("change", () => set(page, name, value));
  const label = document.createElement("label");
  label.className = "choice";
  label.append(input, text);
  return label;
}

function showMode(page) {
  for (const input of page.root.querySelectorAll("input[type=radio]")) {
    input.checked = input.value === String(page.model.get(input.dataset.of));
  }
  page.find(".inputs").disabled = page.model.get("mode") !== "test";
  showCrop(page);
}

function showModel(page) {
  const name = page.model.get("model");
  page.find("select.model").value = name;
  page.find(".about").textContent = page.model.get("models").find((each) => each.name === name)?.about ?? "";
}

/** Files that are dropped anywhere on the demo, or chosen, or the example. */
function takePhotos(page) {
  const { root } = page, zone = page.find(".drop"), input = page.find(".file");
  root.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  root.addEventListener("dragleave", () => zone.classList.remove("over"));
  root.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    upload(page, event.dataTransfer.files[0]);
  });
  input.addEventListener("change", () => {
    if (input.files.length) upload(page, input.files[0]);
    input.value = ""; // so that the same file may be chosen again
  });
  page.find(".example").addEventListener("click", () => page.model.send({ kind: "example" }));
}

/** Sends a file in parts, one after the other. */
async function upload(page, file) {
  if (file.size > LARGEST_FILE) {
    page.model.send({ kind: "refuse", message: `${file.name}: more than ${LARGEST_FILE / PART} MB is no photo` });
    return;
  }
  const content = await file.arrayBuffer();
  const parts = Math.max(1, Math.ceil(content.byteLength / PART));
  for (let part = 0; part < parts; part += 1) {
    const piece = content.slice(part * PART, (part + 1) * PART);
    page.model.send({ kind: "upload", name: file.name, part, parts }, undefined, [piece]);
  }
}

function picture(page, key, data) {
  if (page.urls.has(key)) URL.revokeObjectURL(page.urls.get(key));
  page.urls.set(key, URL.createObjectURL(new Blob([data])));
  return page.urls.get(key);
}

function showPhoto(page) {
  const { name, width, height, data } = page.model.get("photo");
  const image = page.find("img.photo");
  image.src = picture(page, "photo", data);
  image.alt = `The photo: ${name}, ${width} by ${height} pixels`;
  showCrop(page);
}

function showCrop(page) {
  const box = page.find(".crop"), [left, top, side] = page.model.get("square");
  const { width, height } = page.model.get("photo");
  const part = { left: left / width, top: top / height, width: side / width, height: side / height };
  for (const [name, share] of Object.entries(part)) box.style[name] = `${100 * share}%`;
  box.hidden = page.model.get("mode") === "whole";
  box.setAttribute("aria-label", `Crop: ${side} by ${side} pixels, ${left} from the left, ${top} from the top`);
}

/** The square of that middle and side which lies inside the photo, in whole pixels. */
function fitted(page, middleX, middleY, wanted) {
  const { width, height } = page.model.get("photo");
  const side = Math.round(Math.min(Math.max(wanted, 16), width, height));
  const inside = (middle, size) => Math.round(Math.min(Math.max(middle - side / 2, 0), size - side));
  return [inside(middleX, width), inside(middleY, height), side];
}

/** The crop by pointer and by keyboard. While it is dragged only the picture follows; Python hears of the end. */
function moveCrop(page) {
  const frame = page.find(".frame"), box = page.find(".crop");
  let drag = null;
  const at = (event) => {
    const area = frame.getBoundingClientRect(), { width, height } = page.model.get("photo");
    return [((event.clientX - area.left) / area.width) * width, ((event.clientY - area.top) / area.height) * height];
  };
  frame.addEventListener("pointerdown", (event) => {
    if (page.model.get("mode") === "whole") return;
    const [x, y] = at(event), [left, top, side] = page.model.get("square");
    const within = box.contains(event.target);
    drag = { resize: event.target.classList.contains("corner"), left, top, side };
    drag.offset = within ? [left + side / 2 - x, top + side / 2 - y] : [0, 0];
    frame.setPointerCapture(event.pointerId);
    box.focus({ preventScroll: true });
    event.preventDefault();
  });
  frame.addEventListener("pointermove", (event) => {
    if (!drag) return;
    page.model.set("square", dragged(page, drag, at(event)));
  });
  frame.addEventListener("pointerup", () => { if (drag) page.model.save_changes(); drag = null; });
  box.addEventListener("keydown", (event) => {
    const next = stepped(page, event.key);
    if (!next) return;
    event.preventDefault();
    set(page, "square", next);
  });
}

function dragged(page, drag, [x, y]) {
  if (!drag.resize) return fitted(page, x + drag.offset[0], y + drag.offset[1], drag.side);
  const { width, height } = page.model.get("photo");
  const room = Math.min(width - drag.left, height - drag.top);
  const side = Math.min(Math.max(x - drag.left, y - drag.top, 16), room);
  return fitted(page, drag.left + side / 2, drag.top + side / 2, side);
}

function stepped(page, key) {
  const { width, height } = page.model.get("photo"), [left, top, side] = page.model.get("square");
  const step = Math.max(1, Math.round(STEP * Math.min(width, height)));
  const moves = {
    ArrowLeft: [-step, 0, 0], ArrowRight: [step, 0, 0], ArrowUp: [0, -step, 0], ArrowDown: [0, step, 0],
    "+": [0, 0, 2 * step], "=": [0, 0, 2 * step], "-": [0, 0, -2 * step],
  };
  const move = moves[key];
  return move && fitted(page, left + side / 2 + move[0], top + side / 2 + move[1], side + move[2]);
}

/** The slider, the picture itself as a handle of it, and what stands left and right. */
function compare(page) {
  const slider = page.find(".slider"), stage = page.find(".stage");
  slider.addEventListener("input", () => showSlider(page));
  const follow = (event) => {
    const area = stage.getBoundingClientRect();
    slider.value = (100 * (event.clientX - area.left)) / area.width;
    showSlider(page);
  };
  stage.addEventListener("pointerdown", (event) => { stage.setPointerCapture(event.pointerId); follow(event); });
  stage.addEventListener("pointermove", (event) => { if (stage.hasPointerCapture(event.pointerId)) follow(event); });
  for (const place of ["before", "after"]) page.find(`select.${place}`).addEventListener("change", () => showSides(page));
}

function showSlider(page) {
  const slider = page.find(".slider"), [left, right] = ["before", "after"].map((place) => page.find(`.tag.${place}`));
  page.root.style.setProperty("--at", `${slider.value}%`);
  const text = `${slider.value} % ${left.textContent}, ${100 - slider.value} % ${right.textContent}`;
  slider.setAttribute("aria-valuetext", text);
}

function showSides(page) {
  const { pictures, peak } = page.model.get("result");
  if (!pictures) return;
  const chosen = ["before", "after"].map((place) => {
    const key = page.find(`select.${place}`).value, image = page.find(`img.${place}`), { label } = pictures[key];
    image.src = page.urls.get(key);
    image.alt = `${label}, seen ${place === "before" ? "left" : "right"} of the slider`;
    image.classList.toggle("pixels", key === "input");
    page.find(`.tag.${place}`).textContent = label;
    return key;
  });
  page.find(".key").hidden = !chosen.includes("difference");
  page.find(".peak").textContent = `${peak} grey levels apart or more`;
  showSlider(page);
}

/** New options left and right; what was chosen stays chosen where it is still there. */
function showOptions(page, pictures) {
  for (const [place, first] of [["before", "bicubic"], ["after", "model"]]) {
    const select = page.find(`select.${place}`), chosen = select.value;
    select.replaceChildren(...Object.entries(pictures).map(([key, { label }]) => new Option(label, key)));
    select.value = chosen in pictures ? chosen : first;
  }
}

function showResult(page) {
  const { pictures, scores = [], summary = "", width, height } = page.model.get("result");
  page.find(".download").disabled = !pictures;
  page.find(".summary").textContent = summary;
  page.find("table").hidden = scores.length === 0;
  page.find("tbody").replaceChildren(...scores.map(scoreRow));
  if (!pictures) return;
  page.find(".viewer").style.setProperty("--ratio", width / height);
  for (const [key, { data }] of Object.entries(pictures)) picture(page, key, data);
  showOptions(page, pictures);
  showSides(page);
}

function scoreRow({ name, psnr, ssim }) {
  const row = document.createElement("tr"), head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head, ...[psnr, ssim].map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

function showBusy(page) {
  const share = page.model.get("share"), bar = page.find("progress");
  page.find(".progress").hidden = !page.model.get("busy");
  if (share > 0) bar.value = share;
  else bar.removeAttribute("value");
}

function showMessage(page) {
  page.find(".message").textContent = page.model.get("message");
}

/** The result as a file: asked for in full size, and put together of parts. */
function giveFile(page) {
  page.find(".download").addEventListener("click", () => { page.wanted = true; page.model.send({ kind: "download" }); });
  page.model.on("msg:custom", (content, buffers) => {
    if (content.kind !== "file" || !page.wanted) return; // another view of this widget asked
    if (content.part === 0) page.parts = [];
    page.parts.push(buffers[0]);
    if (content.part + 1 < content.parts) return;
    page.wanted = false;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(page.parts, { type: "image/png" }));
    link.download = content.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    page.parts = [];
  });
}

export default { render };
