//! From text to a header and rows. What the cells mean is decided elsewhere.

use csv::StringRecord;

use super::cell;
use super::encoding::{decode, file_error};
use super::model::{Delimiter, SheetOptions};
use super::{literal, workbook};
use crate::error::{Error, Kind, Result};

/// The most rows below the header.
pub const MAX_ROWS: usize = 100_000;

/// The most cells in a row.
pub(super) const MAX_COLUMNS: usize = 1_000;

/// Rows that are looked at to tell the delimiter.
const SAMPLE: usize = 20;

/// A row that is not blank.
#[derive(Debug)]
pub(super) struct Row {
    /// 1-based, as a spreadsheet counts: a quoted line break does not begin a new row.
    pub row: usize,
    cells: StringRecord,
    /// The cells that a workbook holds as numbers: their texts have a decimal point, whatever the sheet writes elsewhere.
    numbers: Vec<usize>,
    /// A workbook tells texts from formulas.
    is_typed: bool,
}

impl Row {
    /// A row of a workbook.
    pub fn typed(row: usize, cells: StringRecord, numbers: Vec<usize>) -> Self {
        Self { row, cells, numbers, is_typed: true }
    }

    /// The cell, and whether it is a text whatever it begins with: an apostrophe says so in front of what a spreadsheet
    /// would take for a formula, and is taken off.
    pub fn text_cell(&self, column: usize) -> (String, bool) {
        let text = self.cell(column);
        match literal::unescaped(&text) {
            Some(text) => (text.to_owned(), true),
            None => (text, self.is_typed),
        }
    }

    /// Whether the workbook holds the cell as a number.
    pub fn is_number(&self, column: usize) -> bool {
        self.numbers.contains(&column)
    }

    /// How many blanks stand before the text of a cell; a tab is worth several.
    pub fn blanks(&self, column: usize, tab: usize) -> usize {
        let text = self.cells.get(column).unwrap_or_default();
        let before = text.chars().take_while(|sign| sign.is_whitespace());
        if text.trim().is_empty() { 0 } else { before.map(|sign| if sign == '\t' { tab } else { 1 }).sum() }
    }

    /// The cell with tidy white space; empty where the row is too short.
    pub fn cell(&self, column: usize) -> String {
        cell::tidy(self.cells.get(column).unwrap_or_default())
    }

    /// The cells that are not blank, with their columns.
    pub fn filled(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        self.cells.iter().map(cell::tidy).enumerate().filter(|(_, text)| !text.is_empty())
    }

    pub fn width(&self) -> usize {
        self.cells.len()
    }

    pub fn text(&self) -> String {
        self.filled().map(|(_, text)| text).collect::<Vec<_>>().join(" | ")
    }
}

#[derive(Debug)]
pub(super) struct Sheet {
    pub above: Vec<Row>,
    pub header: Row,
    pub rows: Vec<Row>,
}

/// Reads the whole file, as a workbook or as a text; its bytes tell which. Refuses what is neither, has no header or is too
/// large.
pub(super) fn read(bytes: &[u8], options: &SheetOptions) -> Result<Sheet> {
    if workbook::is_workbook(bytes) {
        let mut rows = workbook::read(bytes, options)?.into_iter();
        return assemble(options, || Ok(rows.next()));
    }
    if options.sheet.is_some() {
        return Err(Error::invalid_field("value_error", &["body", "sheet"], "Only a workbook has sheets with names"));
    }
    let text = decode(bytes, options.max_bytes)?;
    let (first_row, body, declared) = declared_delimiter(&text);
    let open = |delimiter| Records::new(body, first_row, delimiter);
    let delimiter = match options.delimiter.map(separator).or(declared) {
        Some(delimiter) => delimiter,
        None => detect(options.header_row.unwrap_or(1), open),
    };
    let mut records = open(delimiter);
    assemble(options, || records.next_row())
}

/// Tells the header from what is above and below it.
fn assemble(options: &SheetOptions, mut next_row: impl FnMut() -> Result<Option<Row>>) -> Result<Sheet> {
    let mut above = Vec::new();
    let header = loop {
        let Some(row) = next_row()? else { return Err(no_header(options.header_row)) };
        match options.header_row {
            Some(wanted) if row.row < wanted => above.push(row),
            Some(wanted) if row.row > wanted => return Err(no_header(options.header_row)),
            _ => break row,
        }
        check_count(above.len())?;
    };
    let mut rows = Vec::new();
    while let Some(row) = next_row()? {
        rows.push(row);
        check_count(rows.len())?;
    }
    Ok(Sheet { above, header, rows })
}

fn check_count(rows: usize) -> Result<()> {
    if rows > MAX_ROWS {
        return Err(Error::new(Kind::TooLarge, format!("The sheet has more than {MAX_ROWS} rows")));
    }
    Ok(())
}

fn no_header(wanted: Option<usize>) -> Error {
    match wanted {
        Some(row) => file_error(format!("Row {row} is blank or missing; the header was expected there")),
        None => file_error("The sheet is empty; a header and rows were expected"),
    }
}

fn separator(delimiter: Delimiter) -> u8 {
    match delimiter {
        Delimiter::Comma => b',',
        Delimiter::Semicolon => b';',
        Delimiter::Tab => b'\t',
    }
}

/// Some spreadsheets write `sep=;` into the first row; it is an instruction, not a header.
fn declared_delimiter(text: &str) -> (usize, &str, Option<u8>) {
    let plain = (1, text, None);
    let Some((line, rest)) = text.split_once('\n') else { return plain };
    match line.trim_end_matches('\r').strip_prefix("sep=") {
        Some(sign @ ("," | ";" | "\t")) => (2, rest, sign.bytes().next()),
        _ => plain,
    }
}

/// The delimiter that splits the header into most cells; among equals, the one most rows agree with. A comma if none
/// splits it.
fn detect<'t>(header_row: usize, open: impl Fn(u8) -> Records<'t>) -> u8 {
    let mut best = ((0, 0), b',');
    for delimiter in [b',', b';', b'\t'] {
        // A row that cannot be read ends the sample: with another delimiter it may be fine.
        let mut records = open(delimiter);
        let mut widths = Vec::new();
        while widths.len() < SAMPLE
            && let Ok(Some(row)) = records.next_row()
        {
            if row.row >= header_row {
                widths.push(row.width());
            }
        }
        let header = widths.first().copied().unwrap_or_default();
        let score = (header, widths.iter().filter(|&&width| width == header).count());
        if header > 1 && score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// The rows of a text, numbered as a spreadsheet numbers them. The reader below drops empty lines, so they are counted
/// here.
struct Records<'t> {
    reader: csv::Reader<&'t [u8]>,
    text: &'t [u8],
    delimiter: u8,
    row: usize,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, first_row: usize, delimiter: u8) -> Self {
        let text = text.as_bytes();
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
        Self { reader, text, delimiter, row: first_row - 1 }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.position().byte()).map_or(self.text.len(), |byte| byte.min(self.text.len()))
    }

    fn next_row(&mut self) -> Result<Option<Row>> {
        loop {
            let start = self.offset();
            let mut cells = StringRecord::new();
            if !self.reader.read_record(&mut cells).map_err(|error| file_error(error.to_string()))? {
                return Ok(None);
            }
            self.row += 1 + empty_lines(self.text, start);
            if self.offset() == self.text.len() && quote_left_open(&self.text[start..], self.delimiter) {
                return Err(file_error(format!("A quotation mark that opens in row {} never closes", self.row)));
            }
            if cells.len() > MAX_COLUMNS {
                let message = format!("Row {} has more than {MAX_COLUMNS} cells", self.row);
                return Err(Error::new(Kind::TooLarge, message));
            }
            if cells.iter().any(|text| !text.trim().is_empty()) {
                return Ok(Some(Row { row: self.row, cells, numbers: Vec::new(), is_typed: false }));
            }
        }
    }
}

/// Line breaks between the end of one record and the begin of the next.
fn empty_lines(text: &[u8], start: usize) -> usize {
    let mut at = start;
    // The record before may have ended at the first half of a CR LF.
    if start > 0 && text[start - 1] == b'\r' && text.get(start) == Some(&b'\n') {
        at += 1;
    }
    let mut count = 0;
    loop {
        at += match &text[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return count,
        };
        count += 1;
    }
}

fn quote_left_open(record: &[u8], delimiter: u8) -> bool {
    #[derive(PartialEq)]
    enum At {
        CellStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }
    let mut at = At::CellStart;
    for &byte in record {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::QuoteInQuoted,
            (At::Quoted, _) | (At::QuoteInQuoted | At::CellStart, b'"') => At::Quoted,
            (_, b'\r' | b'\n') => At::CellStart,
            (_, other) if other == delimiter => At::CellStart,
            _ => At::Plain,
        };
    }
    at == At::Quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        read(text.as_bytes(), &SheetOptions::default()).unwrap()
    }

    fn cells(row: &Row) -> Vec<String> {
        (0..row.width()).map(|column| row.cell(column)).collect()
    }

    #[test]
    fn the_delimiter_is_the_one_that_splits_the_header() {
        for text in ["a,b;c,d\n1,2,3", "a;b,c;d\n1;2;3", "a\tb;c\td\n1\t2\t3", "sep=;\r\nx;y,y,y;z\r\n1;2;3"] {
            assert_eq!(cells(&sheet(text).rows[0]), ["1", "2", "3"], "{text:?}");
        }
        assert_eq!(sheet("sep=;\nx;y\n1;2").rows[0].row, 3);
    }

    #[test]
    fn rows_decide_where_the_header_does_not() {
        assert_eq!(cells(&sheet("Price, net;Qty\n1,5;2\n7;3\n").header), ["Price, net", "Qty"]);
    }

    #[test]
    fn a_wrong_delimiter_is_not_taken_for_a_broken_file() {
        assert_eq!(cells(&sheet("PN;Qty\nA,\"B;2\n").rows[0]), ["A,\"B", "2"]);
    }

    #[test]
    fn a_stated_delimiter_is_not_questioned() {
        let options = SheetOptions { delimiter: Some(Delimiter::Semicolon), ..SheetOptions::default() };
        assert_eq!(cells(&read(b"a,b,c;d\n", &options).unwrap().header), ["a,b,c", "d"]);
    }

    #[test]
    fn rows_are_numbered_as_in_a_spreadsheet() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a,b", "", "1,\"two\nlines\"", " , ", "", "", "3,4", "5"].join(end);
            let sheet = sheet(&text);
            assert_eq!(sheet.header.row, 2, "{end:?}");
            let rows: Vec<usize> = sheet.rows.iter().map(|row| row.row).collect();
            assert_eq!(rows, [4, 8, 9], "{end:?}");
            assert_eq!(sheet.rows[0].cell(1), "two lines");
            assert_eq!(sheet.rows[2].cell(1), "");
        }
    }

    #[test]
    fn quoted_cells_keep_delimiters_and_doubled_quotes() {
        assert_eq!(cells(&sheet("a,b\n\"x, 5\"\" pipe\",2").rows[0]), ["x, 5\" pipe", "2"]);
    }

    #[test]
    fn a_quote_that_never_closes_is_named() {
        let error = read(b"a,b\n1,2\n\"x,3\n4,5\n", &SheetOptions::default()).unwrap_err();
        assert_eq!(error.message(), "A quotation mark that opens in row 3 never closes");
    }

    #[test]
    fn a_sheet_without_header_is_refused() {
        for text in ["", "\n\n", " , \n,,\n", "\u{feff}"] {
            assert!(read(text.as_bytes(), &SheetOptions::default()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_header_can_be_further_down() {
        let options = SheetOptions { header_row: Some(3), ..SheetOptions::default() };
        let sheet = read(b"Pump; assembly;x;y\n\na,b\n1,2\n", &options).unwrap();
        assert_eq!((sheet.above.len(), cells(&sheet.header)), (1, vec!["a".to_owned(), "b".to_owned()]));
        assert!(read(b"a,b\n\n\n1,2\n", &options).is_err());
    }

    #[test]
    fn rows_and_cells_are_bounded() {
        let mut text = "a,b\n".to_owned() + &"1,2\n".repeat(MAX_ROWS);
        assert_eq!(sheet(&text).rows.len(), MAX_ROWS);
        text.push_str("1,2\n");
        let options = SheetOptions::default();
        assert_eq!(read(text.as_bytes(), &options).unwrap_err().kind(), Kind::TooLarge);
        let wide = "x,".repeat(MAX_COLUMNS);
        assert_eq!(read(wide.as_bytes(), &options).unwrap_err().kind(), Kind::TooLarge);
    }
}
