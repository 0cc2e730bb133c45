"""One picture gives one answer, however its file stores it."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import wildaffect

SIZE = (320, 240)
VALUES = ["valence", "arousal", "AU06", "AU12", "AU25"]
BOX = ["box_x0", "box_y0", "box_x1", "box_y1"]


def write(path, images, *, aspect=Fraction(1), matrix=None):
    height, width = images[0].shape[:2]
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "10"}
        stream.codec_context.sample_aspect_ratio = aspect
        for image in images:
            pixels = np.ascontiguousarray(image)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        output.mux(stream.encode(None))
    if matrix is not None:
        data = bytearray(path.read_bytes())
        start = data.index(b"tkhd") + 44  # ISO/IEC 14496-12, section 8.3.2
        for place, value in zip((0, 4, 12, 16), matrix, strict=True):
            at = start + place
            data[at : at + 4] = (value * 65536).to_bytes(4, "big", signed=True)
        path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def images(portrait_views):
    return portrait_views(6, SIZE, 1.2)


@pytest.fixture(scope="module")
def plain(images, tmp_path_factory):
    path = write(tmp_path_factory.mktemp("plain") / "plain.mp4", images)
    return wildaffect.analyze(path).to_pandas()


def squeezed(image, aspect):
    width = round(image.shape[1] / aspect)
    return cv2.resize(image, (width, image.shape[0]), interpolation=cv2.INTER_AREA)


@pytest.mark.e2e
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(16, 9), Fraction(10, 11)])
def test_long_pixels_give_the_values_of_square_ones(images, plain, tmp_path, aspect):
    stored = [squeezed(image, aspect) for image in images]
    result = wildaffect.analyze(write(tmp_path / "long.mp4", stored, aspect=aspect))
    rows = result.to_pandas()
    assert (rows["status"] == "ok").all()
    np.testing.assert_allclose(rows[VALUES], plain[VALUES], atol=0.15)
    np.testing.assert_allclose(rows[BOX], plain[BOX], atol=2.5)
    source = result.provenance.source
    assert source["sample_aspect_ratio"] == f"{aspect.numerator}:{aspect.denominator}"
    assert abs(source["width"] - SIZE[0]) <= 1


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("stored", "matrix"),
    [
        (lambda image: image[:, ::-1], (-1, 0, 0, 1)),
        (lambda image: image[::-1], (1, 0, 0, -1)),
        (lambda image: image.transpose(1, 0, 2), (0, 1, 1, 0)),
        (np.rot90, (0, 1, -1, 0)),
    ],
    ids=["mirrored", "upside down", "transposed", "turned"],
)
def test_mirrored_and_turned_pictures_give_the_values_of_upright_ones(
    images, plain, tmp_path, stored, matrix
):
    clip = write(tmp_path / "m.mp4", [stored(image) for image in images], matrix=matrix)
    rows = wildaffect.analyze(clip).to_pandas()
    assert (rows["status"] == "ok").all()
    np.testing.assert_allclose(rows[VALUES], plain[VALUES], atol=0.05)
    np.testing.assert_allclose(rows[BOX], plain[BOX], atol=1.0)
