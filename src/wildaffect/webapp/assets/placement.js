// Places of labels and cards: next to their face, off other faces, inside the frame.

export function rect(x, y, width, height) {
  return { x, y, width, height };
}

// Place of a card, or undefined if every place covers a face or another card. The first size
// that fits is taken, at the side of the last frame (`stay`) if that is still free.
export function placeCard(frame, box, sizes, blocked, stay, em) {
  for (const size of sizes) {
    const free = cardSpots(frame, box, size, em)
      .map((place, side) => ({ rect: place, side, size }))
      .filter(({ rect: place }) => isInside(place, frame))
      .filter(({ rect: place }) => ![box, ...blocked].some((other) => overlap(place, other) > 0));
    const found = free.find(({ side }) => side === stay) ?? free[0];
    if (found) return found;
  }
  return undefined;
}

// Best place of a label: above the face, else where it covers least of what is `blocked`.
export function placeLabel(frame, box, width, height, blocked) {
  const gap = Math.max(2, height / 5), right = box.x + box.width, bottom = box.y + box.height;
  const spots = [[box.x, box.y - height - gap], [box.x, bottom + gap],
    [right - width, box.y - height - gap], [right - width, bottom + gap],
    [box.x + gap, box.y + gap]].map(([x, y]) => moveInside(rect(x, y, width, height), frame));
  const costs = spots.map((place, index) => 0.05 * index
    + blocked.reduce((sum, other) => sum + overlap(place, other), 0) / (width * height)
    + 0.3 * overlap(place, box) / (width * height));
  return spots[costs.indexOf(Math.min(...costs))];
}

function cardSpots(frame, box, size, em) {
  const gap = em / 2, right = box.x + box.width + gap, left = box.x - gap - size.width;
  const top = Math.max(box.y, frame.y + gap);
  const spots = [[right, top], [left, top], [right, box.y + box.height - size.height],
    [left, box.y + box.height - size.height], [box.x, box.y + box.height + gap],
    [box.x, box.y - 2.6 * em - size.height]];
  return spots.map(([x, y]) => rect(x, moveInside(rect(x, y, size.width, size.height), frame).y,
    size.width, size.height));
}

function isInside(place, frame) {
  return place.x >= frame.x && place.y >= frame.y
    && place.x + place.width <= frame.x + frame.width
    && place.y + place.height <= frame.y + frame.height;
}

function moveInside(place, frame) {
  const x = Math.min(Math.max(place.x, frame.x), frame.x + Math.max(0, frame.width - place.width));
  const y = Math.min(Math.max(place.y, frame.y),
    frame.y + Math.max(0, frame.height - place.height));
  return { ...place, x, y };
}

function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(width, 0) * Math.max(height, 0);
}
