"""Every broken file ends in status 2 and one line, whatever `python -m training ingest` meets."""

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from features.readers.physionet2019 import MEASURED_COLUMNS
from training.__main__ import main

RECORDS = (
    "patient_id,time,code,numeric_value,text_value,unit,result_time,source\n"
    "p1,2026-03-01T06:00Z,crp,5,,mg/L,,\n"
)
LABS = (
    "patient,Relative date,CRS,sex,age,C-reactive protein,sodium\n"
    "1,0,0,male,50,5,140\n"
    "1,1,1,male,50,9,139\n"
)
STAY = {"Age": 63, "Gender": 1, "Unit1": 0, "Unit2": 1, "HospAdmTime": -12, "ICULOS": 1, "HR": 80}


def stay(**cells: object) -> bytes:
    columns = [*MEASURED_COLUMNS, *(name for name in STAY if name != "HR")]
    full = {**STAY, **cells}
    row = "|".join(str(full.get(column, "NaN")) for column in columns)
    return f"{'|'.join(columns)}\n{row}\n".encode()


def workbook() -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for line in LABS.splitlines():
        book.active.append([int(cell) if cell.isdigit() else cell for cell in line.split(",")])
    book.save(content)
    return content.getvalue()


def archive(**members: bytes | None) -> bytes:
    """A tar archive; a member without content is a link to a file of the machine."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as packed:
        for name, inside in members.items():
            member = tarfile.TarInfo(f"{name}.psv")
            if inside is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/hostname"
                packed.addfile(member)
            else:
                member.size = len(inside)
                packed.addfile(member, io.BytesIO(inside))
    return content.getvalue()


def with_part(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part of it changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as whole, zipfile.ZipFile(content, "w") as made:
        for part in whole.namelist():
            inside = whole.read(part)
            made.writestr(part, change(inside) if part == name else inside)
    return content.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
OPEN_QUOTE = RECORDS.replace(",5,,", ',5,"oops,') + 'p2,2026-03-01T06:00Z,crp,5,y",mg/L,,\n'

TABLES: dict[str, bytes] = {
    "empty.csv": b"",
    "mark_alone.csv": b"\xef\xbb\xbf",
    "header.csv": RECORDS.splitlines()[0].encode(),
    "blank_first.csv": b"\n" + RECORDS.encode(),
    "latin.csv": RECORDS.replace("p1", "m\u00fcller").encode("latin-1"),
    "latin_header.csv": RECORDS.replace("source", "qu\u00e4lle").encode("latin-1"),
    "utf16.csv": RECORDS.encode("utf-16"),
    "nul.csv": RECORDS.replace("p1", "p\x001").encode(),
    "random.csv": bytes(range(255, 0, -1)) * 20,
    "page.csv": b"<!DOCTYPE html>\n<html>\n404\n",
    "open_quote.csv": OPEN_QUOTE.encode(),
    "quote_in_header.csv": b'"' + RECORDS.encode(),
    "twice.csv": RECORDS.replace("unit", "code").encode(),
    "twice_unread.csv": b"patient_id,time,code,value,x,x\na,2026-03-01T06:00Z,crp,5,1,1\n",
    "wide.csv": RECORDS.strip().encode() + b",,\n",
    "far.csv": RECORDS.replace("2026", "9999").encode(),
    "huge.csv": RECORDS.replace(",5,", ",1e308,").replace("mg/L", "g/L").encode(),
    "plain.csv.gz": b"not packed",
    "cut.csv.gz": gzip.compress(RECORDS.encode())[:40],
    "junk.parquet": b"PAR1" + b"\0" * 100 + b"PAR1",
}
DAILY: dict[str, bytes] = {
    "empty.csv": b"",
    "header.csv": LABS.splitlines()[0].encode(),
    "latin.csv": LABS.replace("male", "m\u00e4nnlich").encode("latin-1"),
    "nul.csv": LABS.replace("male", "ma\0le").encode(),
    "semicolons.csv": LABS.replace(",", ";").replace("Relative date", "date").encode(),
    "stray_quote.csv": LABS.replace("male", '"male', 1).encode(),
    "twice.csv": LABS.replace("sodium", "C-reactive protein").encode(),
    "cut_line.csv": LABS.encode()[:-8],
    "far_day.csv": LABS.replace("1,1,1,", "1,200000000,1,").encode(),
    "farther_day.csv": LABS.replace("1,1,1,", "1,1e12,1,").encode(),
    "endless_day.csv": LABS.replace("1,1,1,", "1,inf,1,").encode(),
    "packed.tar": archive(p1=stay()),
    "accounts": b"# who\n# is\nroot:0:a\nx:1:b, c, d\n",
    "no_workbook.xlsx": LABS.encode(),
    "cut.xlsx": workbook()[:2000],
    "cut_sheet.xlsx": with_part(SHEET, lambda inside: inside[: len(inside) // 2]),
    "no_sheet.xlsx": with_part(SHEET, lambda inside: b""),
    "cut_styles.xlsx": with_part("xl/styles.xml", lambda inside: inside[:300]),
    "cut_types.xlsx": with_part("[Content_Types].xml", lambda inside: inside[:300]),
    "flipped.xlsx": workbook()[:2226] + b"\xff" * 40 + workbook()[2266:],
}
STAYS: dict[str, bytes] = {
    "empty.psv": b"",
    "header.psv": stay().partition(b"\n")[0],
    "semicolons.psv": stay().replace(b"|", b";"),
    "latin.psv": stay().replace(b"80|", b"8\xfc|"),
    "random.psv": bytes(range(255, 0, -1)) * 20,
    "twice.psv": stay().replace(b"O2Sat", b"HR"),
    "endless_hour.psv": stay(ICULOS="inf"),
    "far_hour.psv": stay(ICULOS="1e12"),
    "endless_hour_and_word.psv": stay(ICULOS="inf", HR="fast"),
    "return_in_line.psv": stay().replace(b"80|", b"8\r0|"),
    "no_archive.tar": b"junk" * 200,
    "empty.tar.gz": b"",
    "link.tar": archive(p1=stay(), p2=None),
    "workbook.tar": workbook(),
}
CASES = [
    (file_format, name)
    for file_format, files in (("table", TABLES), ("prcrs", DAILY), ("physionet2019", STAYS))
    for name in files
]


@pytest.fixture
def complaint(tmp_path: Path, capfd: pytest.CaptureFixture) -> Callable[[str, str | Path], str]:
    """Ingests a path that cannot be; gives the only line that it complains with."""

    def run(file_format: str, path: str | Path) -> str:
        flags = ["--records", str(path), "--format", file_format, "--out", str(tmp_path / "out")]
        assert main(["ingest", *flags]) == 2
        told = capfd.readouterr()
        assert told.out == ""
        assert told.err.startswith("error: ")
        assert told.err.count("\n") == 1
        assert len(told.err) < 600
        assert not (tmp_path / "out").exists()
        return told.err

    return run


@pytest.mark.parametrize(("file_format", "name"), CASES)
def test_a_broken_file_gets_one_line_that_names_it(
    file_format: str, name: str, complaint, tmp_path: Path
) -> None:
    files = {"table": TABLES, "prcrs": DAILY, "physionet2019": STAYS}[file_format]
    path = tmp_path / name
    path.write_bytes(files[name])
    assert name in complaint(file_format, path)


@pytest.mark.parametrize("file_format", ["table", "prcrs", "physionet2019"])
def test_a_path_that_cannot_be_read_gets_one_line(
    file_format: str, complaint, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    assert "folder" in complaint(file_format, tmp_path / "folder")
    assert "too long" in complaint(file_format, "/" + "long" * 1250)
    assert "no such file" in complaint(file_format, tmp_path / "absent.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert "loop.csv" in complaint(file_format, tmp_path / "loop.csv")


def test_a_folder_named_like_a_stay_is_a_folder(complaint, tmp_path: Path) -> None:
    (tmp_path / "stays" / "x.psv").mkdir(parents=True)
    assert "holds no .psv file" in complaint("physionet2019", tmp_path / "stays")


def test_a_folder_named_like_a_table_is_a_folder(complaint, tmp_path: Path) -> None:
    (tmp_path / "tables" / "x.csv").mkdir(parents=True)
    assert "no file that ends in" in complaint("table", tmp_path / "tables")


def test_a_file_that_may_not_be_read_gets_one_line(complaint, tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(RECORDS)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert "records.csv" in complaint("table", path)
