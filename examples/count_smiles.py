"""Count the smiles of every person in a video: python examples/count_smiles.py clip.mp4."""

import sys

import wildaffect

SMILE = "AU12_present"  # lip corner puller
MIN_FRAMES = 3  # shorter ones are taken for noise

result = wildaffect.analyze(sys.argv[1])
rows = result.to_arrow().select(["track_id", SMILE]).to_pylist()

for track in result.tracks:
    num_smiles = num_frames = 0
    for row in rows:
        if row["track_id"] != track.track_id:
            continue
        num_frames = num_frames + 1 if row[SMILE] else 0
        num_smiles += num_frames == MIN_FRAMES
    print(f"person {track.track_id}: {num_smiles} smiles in {track.num_frames} frames")
