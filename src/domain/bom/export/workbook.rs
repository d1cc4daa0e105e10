//! A sheet as a workbook.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{Cell, Table};
use crate::domain::bom::import::escaped;
use crate::error::{Error, Result};

/// So many blanks for each level.
const STEP: usize = 2;
/// The most characters of a cell.
const LONGEST: usize = 32_767;

pub(super) fn write(table: &Table) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("BOM").map_err(failed)?;
    let bold = Format::new().set_bold();
    for (column, text) in table.header.iter().enumerate() {
        sheet.write_string_with_format(0, column_at(column)?, text, &bold).map_err(failed)?;
    }
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    for (at, row) in table.rows.iter().enumerate() {
        let line = u32::try_from(at + 1).map_err(|error| Error::internal("A sheet is too long").caused_by(error))?;
        for (column, cell) in row.iter().enumerate() {
            let column = column_at(column)?;
            match cell {
                Cell::Empty => continue,
                Cell::Number(number) if fits(*number) => sheet.write_number(line, column, *number),
                other => sheet.write_string(line, column, text(other)?),
            }
            .map_err(failed)?;
        }
    }
    workbook.save_to_buffer().map_err(failed)
}

fn failed(error: XlsxError) -> Error {
    Error::internal("A workbook could not be written").caused_by(error)
}

fn column_at(column: usize) -> Result<u16> {
    u16::try_from(column).map_err(|error| Error::internal("A sheet is too wide").caused_by(error))
}

/// A spreadsheet keeps 15 digits.
fn fits(number: f64) -> bool {
    format!("{number:.14e}").parse() == Ok(number)
}

/// A workbook tells texts from formulas, so only what begins with an apostrophe is written in another way: an import takes
/// one off.
fn text(cell: &Cell) -> Result<String> {
    let plain = |text: &str| if text.starts_with('\'') { escaped(text) } else { text.to_owned() };
    let text = match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => plain(text),
        Cell::Indented(level, text) => format!("{}{}", " ".repeat(*level as usize * STEP), plain(text)),
        Cell::Number(number) => number.to_string(),
    };
    if text.encode_utf16().count() > LONGEST {
        let message = format!("A text is longer than the {LONGEST} characters of a cell");
        return Err(Error::conflict(message).code("CELL_TOO_LONG", "Export it as CSV, or shorten the text."));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_spreadsheet_would_round_is_a_text() {
        assert!(fits(0.3) && fits(1e10) && fits(12_345.678_9) && !fits(0.1 + 0.2));
    }
}
