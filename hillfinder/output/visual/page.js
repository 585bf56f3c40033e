// List, map and profile of one page. Text of the map goes in as text, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const narrow = matchMedia("(max-width: 56rem)");
  const print = matchMedia("print");
  document.getElementById("map").replaceChildren();
  const map = L.map("map", { zoomSnap: 0.5, zoomAnimation: !still.matches }).setView(data.door, 15);
  map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
  map.attributionControl.addAttribution(data.credit);

  // The streets themselves lie below the tiles: where no tile comes, they are what is seen.
  map.createPane("streets").style.zIndex = 150;
  const streets = L.svg({ pane: "streets" });
  for (const [kind, lines] of Object.entries(data.streets)) {
    L.polyline(lines.map(unpacked), { pane: "streets", renderer: streets, className: kind, interactive: false }).addTo(map);
  }
  if (data.tiles && navigator.onLine) {
    const tiles = L.tileLayer(data.tiles.url, { maxNativeZoom: data.tiles.zoom, maxZoom: 19, attribution: data.tiles.credit });
    let come = 0, missed = 0;
    tiles.on("tileload", () => { come += 1; });
    tiles.on("tileerror", () => { missed += 1; if (missed >= 4 && come === 0) tiles.remove(); });
    tiles.addTo(map);
  }

  const hills = new Map();
  for (const hill of data.hills) {
    const parts = { ...hill, way: unpacked(hill.way), home: unpacked(hill.home), layers: [] };
    const add = (line, className) => {
      const drawn = L.polyline(line, { className, interactive: className.startsWith("hill") }).addTo(map);
      parts.layers.push(drawn);
      return drawn;
    };
    if (parts.home.length) add(parts.home, "home");
    if (parts.way.length) add(parts.way, "way");
    if (hill.line.length) {
      add(hill.line, "casing");
      const drawn = add(hill.line, `hill g${hill.step}`);
      const icon = L.divIcon({ className: `number g${hill.step}`, html: word(String(hill.rank)), iconSize: [24, 24] });
      // By keyboard hills are chosen in the list, whose arrows do the same.
      const number = L.marker(hill.line[hill.line.length - 1], { icon, keyboard: false }).addTo(map);
      for (const layer of [drawn, number]) {
        layer.bindTooltip(word(`${hill.name}: ${hill.grade}`), { sticky: layer === drawn });
        layer.on("click", () => choose(hill.rank, true));
      }
      parts.number = number.getElement();
    }
    parts.article = document.getElementById(`hill-${hill.rank}`);
    parts.input = document.querySelector(`input[value="${hill.rank}"]`);
    parts.input.addEventListener("change", () => choose(hill.rank, true));
    follow(parts);
    hills.set(hill.rank, parts);
  }
  const door = L.divIcon({ className: "door", html: word("⌂"), iconSize: [28, 28] });
  L.marker(data.door, { icon: door, interactive: false, keyboard: false }).addTo(map);
  const here = L.circleMarker(data.door, { radius: 7, className: "here", interactive: false });

  let chosen = null;
  function choose(rank, moved) {
    chosen = hills.get(rank);
    here.remove();
    for (const [each, parts] of hills) {
      const is = each === rank;
      parts.article.hidden = !is;
      if (is) parts.input.checked = true;
      for (const layer of parts.layers) layer.getElement().classList.toggle("chosen", is);
      if (parts.number) parts.number.classList.toggle("chosen", is);
    }
    for (const layer of chosen.layers) layer.bringToFront();
    // A run over several hills is all way: the hills are drawn on it.
    for (const parts of chosen.line.length ? [] : hills.values()) {
      if (parts.line.length) parts.layers.slice(-2).forEach((layer) => layer.bringToFront());
    }
    show(!moved || still.matches);
    if (!moved) return;
    history.replaceState(null, "", `#hill-${rank}`);
    // On a phone the list is long: what belongs to the hill comes up below the map.
    if (narrow.matches) document.getElementById("details").scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
  }
  function show(at_once) {
    const bounds = L.latLngBounds(chosen ? chosen.line.concat(chosen.way, chosen.home) : [data.door]).extend(data.door);
    map.fitBounds(bounds, { paddingTopLeft: [50, 34], paddingBottomRight: [34, 56], maxZoom: 17, animate: !at_once });
  }

  // A pointer on the profile shows the point on the map, and says what is there.
  function follow(parts) {
    const drawing = parts.article.querySelector("svg.profile"), said = parts.article.querySelector(".reading");
    if (!drawing) return;
    const { foot, top } = drawing.dataset;
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect(), whole = drawing.viewBox.baseVal.width;
      const share = ((event.clientX - box.left) / box.width * whole - foot) / (top - foot);
      if (share < 0 || share > 1) return leave();
      const metres = share * parts.along[parts.along.length - 1];
      const after = Math.max(1, parts.along.findIndex((each) => each >= metres));
      const part = (metres - parts.along[after - 1]) / (parts.along[after] - parts.along[after - 1] || 1);
      const [a, b] = [parts.line[after - 1], parts.line[after]];
      here.setLatLng([a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])]).addTo(map);
      said.textContent = parts.readings[Math.min(parts.readings.length - 1, Math.floor(share * parts.readings.length))];
    });
    drawing.addEventListener("pointerleave", leave);
    function leave() { here.remove(); said.textContent = ""; }
  }
  function word(text) {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }
  function unpacked(numbers) {
    const line = [];
    let lat = data.origin[0], lon = data.origin[1];
    for (let at = 0; at < numbers.length; at += 2) {
      lat += numbers[at]; lon += numbers[at + 1];
      line.push([lat / 1e5, lon / 1e5]);
    }
    return line;
  }
  function fitted() { map.invalidateSize({ animate: false }); show(true); }
  print.addEventListener("change", fitted);
  addEventListener("beforeprint", fitted);

  const asked = Number((/^#hill-(\d+)$/.exec(location.hash) || [])[1]);
  if (hills.size) choose(hills.has(asked) ? asked : hills.keys().next().value, false);
  else show(true);
})();
