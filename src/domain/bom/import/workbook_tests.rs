//! Workbooks: what their cells say, and what is refused of them.

use std::io::Write;

use rust_xlsxwriter::{ExcelDateTime as Moment, Format, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::domain::bom::import::{ParsedSheet, parse_sheet};

fn options() -> SheetOptions {
    SheetOptions { root: Some("ROOT".to_owned()), ..SheetOptions::default() }
}

fn texts(rows: &[Row]) -> Vec<Vec<String>> {
    rows.iter().map(|row| (0..row.width()).map(|column| row.cell(column)).collect()).collect()
}

/// A workbook with the sheets `Cover`, which says little, and `BOM`.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Cover").unwrap().write_string(0, 0, "Pump").unwrap();
    let sheet = workbook.add_worksheet();
    sheet.set_name("BOM").unwrap();
    for (column, text) in ["Part Number", "Name", "Qty", "Cost", "property.due", "property.spare"].iter().enumerate() {
        sheet.write_string(0, column as u16, *text).unwrap();
    }
    sheet.write_number(2, 0, 1001.0).unwrap();
    sheet.merge_range(2, 1, 3, 1, "Pump", &Format::new()).unwrap();
    sheet.write_formula(2, 2, Formula::new("=1+2").set_result("3")).unwrap();
    sheet.write_number(2, 3, 0.1 + 0.2).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_datetime_with_format(2, 4, Moment::from_ymd(2026, 11, 24).unwrap(), &date).unwrap();
    sheet.write_boolean(2, 5, true).unwrap();
    sheet.write_string(3, 0, "=A1").unwrap();
    sheet.write_number(3, 2, 1.125).unwrap();
    workbook.save_to_buffer().unwrap()
}

fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn cells_become_the_texts_that_they_show() {
    let options = SheetOptions { sheet: Some("bom".to_owned()), ..options() };
    let rows = read(&workbook(), &options).unwrap();
    assert_eq!(rows.iter().map(|row| row.row).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(texts(&rows)[1], ["1001", "Pump", "3", "0.3", "2026-11-24", "TRUE"]);
    assert_eq!(texts(&rows)[2][0], "=A1");
}

#[test]
fn a_workbook_is_a_sheet_like_any_other() {
    let options = SheetOptions { sheet: Some("BOM".to_owned()), ..options() };
    let ParsedSheet { lines, problems, .. } = parse_sheet(&workbook(), &options).unwrap();
    assert_eq!(problems, []);
    let told: Vec<_> = lines.iter().map(|line| (line.number.as_deref(), line.quantity.to_string())).collect();
    assert_eq!(told, [(Some("1001"), "3".to_owned()), (Some("=A1"), "1.125".to_owned())]);
}

#[test]
fn the_sheet_is_the_first_or_the_one_named() {
    assert_eq!(texts(&read(&workbook(), &options()).unwrap()), [["Pump"]]);
    let other = SheetOptions { sheet: Some("Bill".to_owned()), ..options() };
    let error = read(&workbook(), &other).unwrap_err();
    assert_eq!(error.problems()[0].loc, ["body", "sheet"]);
    assert!(error.message().contains("its sheets are \"Cover\", \"BOM\""), "{error}");
}

#[test]
fn what_is_no_workbook_is_refused() {
    let cases = [b"PK\x03\x04rest".to_vec(), packed(&[]), packed(&[("hello.txt", b"hello")])];
    for bytes in cases {
        assert!(is_workbook(&bytes));
        let error = read(&bytes, &options()).unwrap_err();
        assert_eq!(error.problems()[0].loc, ["body", "file"], "{error}");
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused() {
    let zeros = vec![0; 1 << 20];
    let bomb = packed(&[("xl/a.xml", &zeros), ("xl/b.xml", &zeros), ("xl/c.xml", &zeros)]);
    assert!(bomb.len() < 100_000);
    assert!(require_small(&bomb, 3 << 20).is_ok());
    assert_eq!(require_small(&bomb, (3 << 20) - 1).unwrap_err().kind(), Kind::TooLarge);
}

#[test]
fn cells_that_stand_far_apart_take_no_room() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "Part Number").unwrap().write_string(1_048_575, 0, "A").unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    assert_eq!(read(&bytes, &options()).unwrap().len(), 2);
    let mut wide = Workbook::new();
    wide.add_worksheet().write_string(0, 16_383, "x").unwrap();
    let bytes = wide.save_to_buffer().unwrap();
    assert_eq!(read(&bytes, &options()).unwrap_err().kind(), Kind::TooLarge);
}

#[test]
fn numbers_have_no_noise() {
    for (number, text) in [(0.1 + 0.2, "0.3"), (1e15, "1000000000000000"), (-2.0, "-2"), (1e-7, "0.0000001")] {
        assert_eq!(number_text(number), text);
    }
}
