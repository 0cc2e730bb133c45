from threading import Timer

import pytest

from wildaffect.core.errors import OutputError
from wildaffect.outputs.claim import ResultBusy, claim_result, owner_of, part_path
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import TableWriter, read_table

FIRST, SECOND = ["/a/video.mp4"], ["/b/video.mp4"]


@pytest.fixture
def names(tmp_path):
    return (tmp_path / "video.csv", tmp_path / "b_video.csv")


@pytest.fixture
def write(names, row):
    """Write the result of an input, under a name it may have; return where."""

    def run(owner, *, stop=False, within=names):
        provenance = Provenance(source={"path": owner})
        with claim_result(within, owner) as claim:
            with TableWriter(claim.path, result_schema(), provenance, claim.part) as table:
                table.write([row()])
                if stop:
                    raise KeyboardInterrupt
            return claim.path.name

    return run


def test_an_input_gets_its_name_again_and_another_input_gets_the_next(write, names):
    assert write(FIRST) == "video.csv"
    before = names[0].read_bytes()
    assert write(SECOND) == "b_video.csv"
    assert names[0].read_bytes() == before
    assert (write(FIRST), write(SECOND)) == ("video.csv", "b_video.csv")
    assert owner_of(names[0]) == FIRST


def test_an_input_finds_its_result_under_any_of_its_names(write, names):
    assert write(SECOND, within=names[::-1]) == "b_video.csv"
    assert write(SECOND) == "b_video.csv"
    assert not names[0].exists()


def test_names_get_numbers_when_all_are_taken(write, names):
    write(FIRST)
    write(SECOND)
    assert write(["/c/video.mp4"]) == "video-2.csv"
    assert write(["/d/video.mp4"]) == "video-3.csv"


def test_a_live_source_never_replaces_what_it_gave_before(write):
    assert [write([]) for _ in range(3)] == ["video.csv", "b_video.csv", "video-2.csv"]


def test_a_file_that_is_no_result_is_left_alone(write, names):
    names[0].write_text("somebody's annotations")
    assert write(FIRST) == "b_video.csv"
    with pytest.raises(OutputError, match="not the result of this input exists"):
        write(FIRST, within=names[:1])
    assert names[0].read_text() == "somebody's annotations"


def test_inputs_of_one_name_do_not_share_an_overlay_either(write, names, tmp_path):
    write(FIRST)
    parquet = tuple(name.with_suffix(".parquet") for name in names)
    assert write(SECOND, within=parquet) == "b_video.parquet"
    assert write(FIRST, within=parquet) == "video.parquet"


def test_a_run_at_work_keeps_its_name_from_others(write, names):
    with claim_result(names, FIRST) as claim:
        assert claim.path == names[0]
        assert write(SECOND) == "b_video.csv"
        with pytest.raises(ResultBusy, match="another run is writing this result"):
            write(FIRST)


def test_a_run_that_comes_between_a_table_and_its_sidecar_waits_for_it(write, names):
    write(FIRST)
    sidecar = sidecar_path(names[0])
    content = sidecar.read_bytes()
    sidecar.rename(sidecar_path(part_path(names[0])))  # as before the other run's last step
    held = names[0].with_name("held")
    held.write_bytes(content)
    late = Timer(0.3, held.rename, [sidecar])
    late.start()
    with claim_result(names, FIRST) as claim:
        assert claim.path == names[0]
        assert sidecar.read_bytes() == content
    late.join()


def test_what_a_stopped_run_left_stays_until_its_own_input_comes_again(write, names):
    with pytest.raises(KeyboardInterrupt):
        write(FIRST, stop=True)
    assert read_table(part_path(names[0])).num_rows == 1
    assert write(SECOND) == "b_video.csv"
    assert read_table(part_path(names[0])).num_rows == 1
    assert write(FIRST) == "video.csv"
    assert not part_path(names[0]).exists()


def test_a_claim_that_is_not_used_leaves_nothing(names, tmp_path):
    with claim_result(names, FIRST) as claim:
        assert sidecar_path(part_path(claim.path)).exists()
    assert list(tmp_path.iterdir()) == []


def test_what_a_stopped_run_left_of_an_overlay_is_removed(write, names, tmp_path):
    (tmp_path / "video.overlay.mp4.part").write_bytes(b"half")
    (tmp_path / "video2.overlay.mp4.part").write_bytes(b"of another")
    write(FIRST)
    assert [path.name for path in tmp_path.glob("*.part")] == ["video2.overlay.mp4.part"]


def test_a_table_is_not_replaced_by_the_events_of_another_input(write, tmp_path):
    events = (tmp_path / "video.events.csv", tmp_path / "other.csv")
    assert write(FIRST, within=events) == "video.events.csv"
    before = events[0].read_bytes()
    assert write(SECOND, within=(tmp_path / "video.csv", tmp_path / "b.csv")) == "b.csv"
    assert events[0].read_bytes() == before


def test_a_file_of_the_user_with_the_name_of_events_is_left_alone(write, names, tmp_path):
    (tmp_path / "video.events.csv").write_text("mine")
    assert write(FIRST) == "b_video.csv"
    assert (tmp_path / "video.events.csv").read_text() == "mine"
