//! A sheet as CSV.

use super::{Cell, Table};
use crate::domain::bom::import::escaped;
use crate::error::{Error, Result};

/// So many blanks for each level.
const STEP: usize = 2;
/// Spreadsheets take a text for UTF-8 only with it.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub(super) fn write(table: &Table) -> Result<Vec<u8>> {
    let failed = |error: ::csv::Error| Error::internal("A sheet could not be written").caused_by(error);
    let mut out = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
    out.write_record(&table.header).map_err(failed)?;
    for row in &table.rows {
        out.write_record(row.iter().map(text)).map_err(failed)?;
    }
    out.into_inner().map_err(|error| Error::internal("A sheet could not be written").caused_by(error.to_string()))
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => escaped(text),
        Cell::Indented(level, text) => format!("{}{}", " ".repeat(*level as usize * STEP), escaped(text)),
        // Never with an exponent, which a spreadsheet would shorten.
        Cell::Number(number) => number.to_string(),
    }
}
