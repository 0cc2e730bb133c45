"""Files that are taken for videos or images by their first bytes, and text that is not."""

import av
import cv2
import numpy as np
import pytest

from wildaffect.serving.kinds import HEAD_BYTES, is_media

MPD = b'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/passwd</BaseURL>'


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        *(("mp4", "mpeg4"), ("mov", "mpeg4"), ("matroska", "mpeg4"), ("avi", "mpeg4")),
        *(("webm", "libvpx"), ("mpegts", "mpeg2video"), ("mpeg", "mpeg2video")),
        *(("asf", "mpeg4"), ("flv", "flv"), ("mxf", "mpeg2video"), ("gif", "gif")),
        *(("yuv4mpegpipe", "rawvideo"), ("mjpeg", "mjpeg"), ("mpeg2video", "mpeg2video")),
    ],
)
@pytest.mark.parametrize("gray", [0, 60, 255])
def test_videos_are_taken(tmp_path, container, codec, gray):
    """Sizes of 320 x 320 have no zero byte in the header of a GIF."""
    path = tmp_path / "video"
    with av.open(str(path), "w", format=container) as file:
        stream = file.add_stream(codec, rate=25)
        stream.width = stream.height = 320
        stream.pix_fmt = {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        picture = np.full((320, 320, 3), gray, np.uint8)
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            file.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        file.mux(stream.encode(None))
    assert is_media(path.read_bytes()[:HEAD_BYTES])


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tiff", "jp2"])
def test_images_are_taken(suffix):
    picture = np.full((300, 300, 3), 77, np.uint8)
    head = cv2.imencode(f".{suffix}", picture)[1].tobytes()[:HEAD_BYTES]
    assert is_media(head)


@pytest.mark.parametrize(
    "head",
    [
        b"<!--skip-->" + MPD,
        b"<!--free-->" + MPD * 9,
        b"<!--mdat-->" + MPD + b"\0",
        b"\0\0\0\x18".replace(b"\0", b" ") + b"ftypisom" + MPD + bytes(20),
        b"BM is how this text begins, and it has a zero\0 later",
        b"BM" + MPD,
        b"GIF89a" + MPD + bytes(50),
        b"\xff\xd8\xff\xe0" + MPD + bytes(50),
        b"\x1a\x45\xdf\xa3" + b"a" * 508,
        b"OggS\nc=IN IP4 10.0.0.1\nm=video 1 RTP/AVP 96\n\0",
        b"YUV4MPEG2 W2 H2\n" + MPD,
        (b"G" + b"a" * 187) * 3,
        (b"G" + b"\n#EXTM3U\n/etc/passwd\n".ljust(187)) * 2 + bytes(50),
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"RIFF is no AVI ",
    ],
)
def test_text_is_not_taken(head):
    assert not is_media(head[:HEAD_BYTES])
