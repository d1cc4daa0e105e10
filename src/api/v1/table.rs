//! Tables to download: CSV, XLSX or Markdown.

use poem::{IntoResponse, Response, http::header};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Binary, Payload, PlainText};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::domain::bom::too_large;
use crate::error::{Error, Result};
use crate::storage::content_disposition;

/// The most cells of one workbook: it is put together in memory.
const MOST_CELLS: usize = 2_000_000;
/// The most characters of one cell of a workbook.
const CELL_CHARACTERS: usize = 32_767;

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// A cell. Numbers are numbers, and no text is ever a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum TableCell {
    Empty,
    Number(f64),
    Text(String),
}

impl From<String> for TableCell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

/// Rows below a header.
#[derive(Debug, Default)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<TableCell>>,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    Csv,
    Xlsx,
    Markdown,
}

/// A table as a file.
pub struct TableFile {
    name: String,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Table {
    /// Writes it; `name` is the file's without its ending. Fails with `BadRequest` `TREE_TOO_LARGE` for a workbook of more
    /// than 2,000,000 cells.
    pub fn write(&self, format: TableFormat, name: &str) -> Result<TableFile> {
        let (content_type, ending, body) = match format {
            TableFormat::Csv => (CSV, "csv", self.csv()?),
            TableFormat::Xlsx => (XLSX, "xlsx", self.xlsx()?),
            TableFormat::Markdown => (MARKDOWN, "md", self.markdown().into_bytes()),
        };
        Ok(TableFile { name: format!("{name}.{ending}"), content_type, body })
    }

    fn csv(&self) -> Result<Vec<u8>> {
        let failed = |error: String| Error::internal("A table could not be written").caused_by(error);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.header.iter().map(|name| harmless(name));
        writer.write_record(header).map_err(|error| failed(error.to_string()))?;
        for row in &self.rows {
            let cells = row.iter().map(|cell| match cell {
                TableCell::Empty => String::new(),
                TableCell::Number(number) => number.to_string(),
                TableCell::Text(text) => harmless(text),
            });
            writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
        }
        writer.into_inner().map_err(|error| failed(error.to_string()))
    }

    fn xlsx(&self) -> Result<Vec<u8>> {
        if (self.rows.len() + 1) * self.header.len() > MOST_CELLS {
            return Err(too_large(format!("The workbook has more than {MOST_CELLS} cells; ask for CSV")));
        }
        self.workbook().map_err(|error| Error::internal("A workbook could not be written").caused_by(error))
    }

    fn workbook(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let bold = Format::new().set_bold();
        for (column, name) in (0u16..).zip(&self.header) {
            sheet.write_string_with_format(0, column, cut(name), &bold)?;
        }
        for (at, row) in (1u32..).zip(&self.rows) {
            for (column, cell) in (0u16..).zip(row) {
                match cell {
                    TableCell::Empty => continue,
                    TableCell::Number(number) => sheet.write_number(at, column, *number)?,
                    TableCell::Text(text) => sheet.write_string(at, column, cut(text))?,
                };
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        workbook.save_to_buffer()
    }

    /// Columns that have nothing to say are left out.
    fn markdown(&self) -> String {
        let said = |column: usize| self.rows.iter().any(|row| row.get(column) != Some(&TableCell::Empty));
        let columns: Vec<usize> =
            (0..self.header.len()).filter(|column| self.rows.is_empty() || said(*column)).collect();
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(columns.iter().map(|column| plain(&self.header[*column])).collect());
        text.push_str(&line(vec!["---".to_owned(); columns.len()]));
        for row in &self.rows {
            let cell = |column: &usize| match row.get(*column) {
                None | Some(TableCell::Empty) => String::new(),
                Some(TableCell::Number(number)) => number.to_string(),
                Some(TableCell::Text(text)) => plain(text),
            };
            text.push_str(&line(columns.iter().map(cell).collect()));
        }
        text
    }
}

/// A spreadsheet takes texts that begin like this for formulas; one with an apostrophe before it is a text.
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn cut(text: &str) -> String {
    text.chars().take(CELL_CHARACTERS).collect()
}

/// Text that does not end its cell and is no markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\r' | '\n' | '\t' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '#' => plain.extend(['\\', letter]),
            other => plain.push(other),
        }
    }
    plain
}

impl ApiResponse for TableFile {
    fn meta() -> MetaResponses {
        let text = PlainText::<String>::schema_ref();
        let content = vec![
            MetaMediaType { content_type: CSV, schema: text.clone() },
            MetaMediaType { content_type: XLSX, schema: Binary::<Vec<u8>>::schema_ref() },
            MetaMediaType { content_type: MARKDOWN, schema: text },
        ];
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}

impl IntoResponse for TableFile {
    fn into_response(self) -> Response {
        Response::builder()
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CONTENT_DISPOSITION, content_disposition(&self.name))
            .body(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = |text: &str| TableCell::from(text.to_owned());
        Table {
            header: ["number", "nothing", "名"].map(str::to_owned).into(),
            rows: vec![
                vec![TableCell::Number(0.1), TableCell::Empty, text("=1+1")],
                vec![TableCell::Number(-2.0), text(""), text("a|b\n<i>")],
            ],
        }
    }

    #[test]
    fn no_text_is_a_formula_and_numbers_stay_numbers() {
        let written = String::from_utf8(table().csv().unwrap()).unwrap();
        assert_eq!(written, "number,nothing,名\n0.1,,'=1+1\n-2,,\"a|b\n<i>\"\n");
        for text in ["+1", "-1", "@a", "\tx", "＝1"] {
            assert!(harmless(text).starts_with('\''), "{text}");
        }
        assert_eq!(harmless("R1"), "R1");
    }

    #[test]
    fn markdown_keeps_cells_apart_and_leaves_empty_columns_out() {
        assert_eq!(table().markdown(), "| number | 名 |\n| --- | --- |\n| 0.1 | =1+1 |\n| -2 | a\\|b &lt;i> |\n");
    }

    #[test]
    fn a_workbook_is_an_archive() {
        assert_eq!(&table().xlsx().unwrap()[..4], b"PK\x03\x04");
    }
}
