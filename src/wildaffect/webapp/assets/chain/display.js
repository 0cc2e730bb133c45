// From stored to displayed pictures: clean aperture, display matrix, shape of the pixels.
// As in Python: the stored picture is cropped, turned and mirrored, then its width is scaled
// to square pixels; its height stays.

const QUARTER_TOLERANCE = 0.0175;

export const PLAIN = { matrix: [1, 0, 0, 1], aspect: null, crop: { left: 0, top: 0, right: 0, bottom: 0 } };

// Quarter turns and mirrors of a display matrix [a, b, c, d] as -1, 0 and 1.
export function quarterTurns(values) {
  const largest = Math.max(...values.map(Math.abs));
  if (largest === 0) return PLAIN.matrix;
  const signs = values.map((value) => (Math.abs(value) <= QUARTER_TOLERANCE * largest ? 0 : Math.sign(value)));
  const [a, b, c, d] = signs.map(Math.abs);
  if (a !== d || b !== c || a === b) throw new Error('the display matrix turns by no quarter');
  return signs;
}

// Turns video frames into pictures of bytes, as they are displayed.
export class PixelReader {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
  }

  // `display` is { matrix, aspect, crop } of the file; an aspect of null is the frame's own.
  read(frame, { matrix, aspect, crop } = PLAIN) {
    const seen = frame.visibleRect;
    const across = frame.displayWidth / seen.width, down = frame.displayHeight / seen.height;
    const width = seen.width - crop.left - crop.right, height = seen.height - crop.top - crop.bottom;
    if (Math.min(width, height) < 1) throw new Error('the clean aperture shows nothing');
    const pixel = aspect ?? across / down, isTurned = matrix[0] === 0;
    const columns = Math.max(1, Math.trunc(isTurned ? height / pixel : width * pixel));
    const rows = isTurned ? width : height;
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
    const { context } = this;
    context.setTransform(...matrix, columns / 2, rows / 2);
    const [wide, high] = isTurned ? [rows, columns] : [columns, rows];
    context.drawImage(frame, crop.left * across, crop.top * down, width * across, height * down,
      -wide / 2, -high / 2, wide, high);
    const { data } = context.getImageData(0, 0, columns, rows);
    return { data, width: columns, height: rows, channels: 4 };
  }
}
