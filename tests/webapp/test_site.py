"""The folder of the web app: what is in it, and what it refuses."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from wildaffect.core.errors import BadArtifact, OutputError
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.windows import CausalWindow
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.smoothing import Gaussian
from wildaffect.webapp.settings import check_supported
from wildaffect.webapp.site import RUNTIME_SHA256, write_webapp
from wildaffect.webapp.web_assets import asset, assets

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_webapp(tmp_path_factory.mktemp("web") / "site")


def test_a_site_has_every_file_that_its_pages_and_settings_name(site):
    settings = json.loads((site.folder / "settings.json").read_text())
    networks = [*settings["networks"].values()]
    networks += [member["network"]["file"] for member in settings["artifact"]["members"]]
    networks += [backbone["network"]["file"] for backbone in settings["backbones"]]
    for name in networks:
        assert (site.folder / "networks" / name).is_file()
    for script in site.folder.rglob("*.js"):
        for line in script.read_text(encoding="utf-8").splitlines():
            if line.startswith(("import ", "} from ")) and " from '" in line:
                target = line.split(" from '")[1].split("'")[0]
                assert (script.parent / target).is_file(), f"{script.name}: {target}"
    assert site.num_files == sum(path.is_file() for path in site.folder.rglob("*"))


def test_the_runtime_is_that_of_its_own_package(site):
    for name, expected in RUNTIME_SHA256.items():
        content = (site.folder / "runtime" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected


def test_pages_name_no_other_host(site):
    for path in (*site.folder.glob("*.html"), *site.folder.glob("*.css")):
        assert "http" not in path.read_text(encoding="utf-8").replace("http-equiv", "")
    for script in (*site.folder.glob("*.js"), *site.folder.glob("chain/*.js")):
        assert "://" not in script.read_text(encoding="utf-8")


def test_the_license_beside_the_pages_is_that_of_the_project():
    assert asset("LICENSE.txt").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_assets_are_found_by_name_alone():
    assert assets().is_dir()
    with pytest.raises(FileNotFoundError, match=r"no such web asset: nothing\.js"):
        asset("nothing.js")


def test_a_site_is_written_again_over_itself_but_not_over_other_files(site, tmp_path):
    assert write_webapp(site.folder).num_files == site.num_files
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files; choose an empty"):
        write_webapp(tmp_path)
    with pytest.raises(OutputError, match="must be a folder, and is a file"):
        write_webapp(tmp_path / "letter.txt")


def test_models_that_look_at_later_frames_are_refused():
    manifest = load_artifact("default").manifest
    check_supported(manifest)
    late = CausalWindow(length_s=2.0, delay_s=0.5, max_gap_s=1.0)
    with pytest.raises(BadArtifact, match=r"temporal-0\.onnx looks at later frames"):
        check_supported(replace(manifest, window=late))
    smoothing = replace(manifest.calibration.smoothing, valence=Gaussian(sd_s=1.0))
    calibration = replace(manifest.calibration, smoothing=smoothing)
    with pytest.raises(BadArtifact, match="valence is smoothed over later frames"):
        check_supported(replace(manifest, calibration=calibration))


@pytest.mark.parametrize("kind", ["dimensions", "intensities"])
def test_a_model_with_ratings_of_its_own_is_refused(kind):
    own = ScaleSpace(name="own", scales=(Scale(label="pain", low=0, high=10),))
    manifest = replace(load_artifact("default").manifest, **{kind: own})
    with pytest.raises(BadArtifact, match=r"do not compute its ratings .*\(pain\)"):
        check_supported(manifest)


def test_the_other_model_for_streams_runs_too():
    check_supported(load_artifact("open").manifest)


@pytest.mark.parametrize("crop", [{"alignment": "box"}, {"margin": 0.1}], ids=str)
def test_a_crop_that_the_scripts_do_not_cut_is_refused(crop):
    manifest = load_artifact("default").manifest
    *measured, looks = manifest.inputs
    other = replace(looks, preprocess=replace(looks.preprocess, **crop))
    with pytest.raises(BadArtifact, match="scripts do not cut the crop of face-api"):
        check_supported(replace(manifest, inputs=(*measured, other)))
