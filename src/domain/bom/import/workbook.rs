//! From a workbook (`.xlsx`) to rows of texts. Nothing of it is believed: what it unpacks to, and how far apart its cells stand,
//! is bounded.

use std::io::{Cursor, Read, copy, sink};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx, XlsxError};
use csv::StringRecord;
use zip::ZipArchive;

use super::encoding::file_error;
use super::model::SheetOptions;
use super::sheet::{MAX_COLUMNS, MAX_ROWS, Row};
use crate::error::{Error, Kind, Result};

/// The most bytes that all parts of a workbook unpack to.
const MAX_UNPACKED: u64 = 256 << 20;
/// The most parts of a workbook: sheets, styles, pictures.
const MAX_PARTS: usize = 5_000;
/// The most cells of a sheet that say something.
const MAX_CELLS: usize = 2_000_000;
/// The most bytes of their texts: one shared text may stand in many cells.
const MAX_TEXT: usize = 64 << 20;

/// Whether the bytes are those of a packed workbook.
pub(super) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The rows of a sheet that are not blank.
pub(super) fn read(bytes: &[u8], options: &SheetOptions) -> Result<Vec<Row>> {
    if bytes.len() > options.max_bytes {
        let message = format!("The file has {} bytes; at most {} are allowed", bytes.len(), options.max_bytes);
        return Err(Error::new(Kind::TooLarge, message));
    }
    require_small(bytes, MAX_UNPACKED)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(no_workbook)?;
    let sheet = choose(&workbook, options.sheet.as_deref())?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(no_workbook)?;
    let mut rows = Rows::default();
    while let Some(cell) = cells.next_cell().map_err(no_workbook)? {
        rows.add(cell.get_position(), cell.get_value())?;
    }
    Ok(rows.finish())
}

/// Unpacks everything once, to nowhere: what the parts say about their sizes need not be true.
fn require_small(bytes: &[u8], most: u64) -> Result<()> {
    let broken = |error: &dyn std::fmt::Display| {
        file_error("The file begins like a workbook and is none").caused_by(error.to_string())
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    if archive.len() > MAX_PARTS {
        return Err(Error::new(Kind::TooLarge, format!("The workbook has more than {MAX_PARTS} parts")));
    }
    let mut left = most;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| broken(&error))?;
        let unpacked = copy(&mut part.take(left + 1), &mut sink()).map_err(|error| broken(&error))?;
        left = left.checked_sub(unpacked).ok_or_else(|| {
            Error::new(Kind::TooLarge, format!("The workbook unpacks to more than {} MiB", most >> 20))
        })?;
    }
    Ok(())
}

fn no_workbook(error: XlsxError) -> Error {
    let advice = "save it as .xlsx without a password, or as \"CSV UTF-8\"";
    file_error(format!("The workbook cannot be read: {advice}")).caused_by(error.to_string())
}

/// The sheet of this name, or the first.
fn choose<RS: Read + std::io::Seek>(workbook: &Xlsx<RS>, wanted: Option<&str>) -> Result<String> {
    let sheets = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<&str> = sheets.map(|sheet| sheet.name.as_str()).collect();
    let found = match wanted {
        None => names.first(),
        Some(wanted) => names
            .iter()
            .find(|name| **name == wanted)
            .or_else(|| names.iter().find(|name| name.to_lowercase() == wanted.to_lowercase())),
    };
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        let listed = names.iter().take(20).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let message = match wanted {
            Some(wanted) => format!("The workbook has no sheet {wanted:?}; its sheets are {listed}"),
            None => "The workbook has no sheet".to_owned(),
        };
        Error::invalid_field("value_error", &["body", "sheet"], message)
    })
}

/// Rows under construction. Cells come row by row.
#[derive(Default)]
struct Rows {
    done: Vec<Row>,
    /// 1-based; 0 before the first.
    row: usize,
    cells: Vec<String>,
    numbers: Vec<usize>,
    count: usize,
    bytes: usize,
}

impl Rows {
    fn add(&mut self, (row, column): (u32, u32), value: &DataRef<'_>) -> Result<()> {
        let (row, column) = (row as usize + 1, column as usize);
        let Some(text) = text_of(value) else { return Ok(()) };
        if row < self.row {
            return Err(file_error("The rows of the workbook are not in order: open and save it in a spreadsheet"));
        }
        if row > self.row {
            self.end_row();
            self.row = row;
        }
        self.count += 1;
        self.bytes += text.len();
        if column >= MAX_COLUMNS {
            return Err(Error::new(Kind::TooLarge, format!("Row {row} has more than {MAX_COLUMNS} cells")));
        }
        // The header counts too, and what stands above it.
        if self.done.len() > MAX_ROWS + 1 {
            return Err(Error::new(Kind::TooLarge, format!("The sheet has more than {MAX_ROWS} rows")));
        }
        if self.count > MAX_CELLS || self.bytes > MAX_TEXT {
            let message = format!("The sheet has more than {MAX_CELLS} cells or {} MiB of text", MAX_TEXT >> 20);
            return Err(Error::new(Kind::TooLarge, message));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if matches!(value, DataRef::Int(_) | DataRef::Float(_)) {
            self.numbers.push(column);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        Ok(())
    }

    fn end_row(&mut self) {
        let (cells, numbers) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.numbers));
        if cells.iter().any(|text| !text.trim().is_empty()) {
            self.done.push(Row::typed(self.row, StringRecord::from(cells), numbers));
        }
    }

    fn finish(mut self) -> Vec<Row> {
        self.end_row();
        self.done
    }
}

/// What a cell shows, as a text; none for an empty one.
fn text_of(value: &DataRef<'_>) -> Option<String> {
    match value {
        DataRef::Empty => None,
        DataRef::Int(number) => Some(number.to_string()),
        DataRef::Float(number) => Some(number_text(*number)),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Some(text.clone()),
        DataRef::SharedString(text) => Some((*text).to_owned()),
        DataRef::Bool(value) => Some(if *value { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(moment) => Some(moment_text(moment)),
        DataRef::Error(error) => Some(error.to_string()),
    }
}

/// As a spreadsheet keeps it, in 15 digits: 0.1 + 0.2 is 0.3.
fn number_text(number: f64) -> String {
    format!("{number:.14e}").parse::<f64>().map_or_else(|_| number.to_string(), |rounded| rounded.to_string())
}

/// `2026-11-24`, `2026-11-24T08:30:00`; a span of time as the number of its days.
fn moment_text(moment: &ExcelDateTime) -> String {
    if !moment.is_datetime() {
        return number_text(moment.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date}T{hour:02}:{minute:02}:{second:02}") }
}

#[cfg(test)]
#[path = "workbook_tests.rs"]
mod tests;
