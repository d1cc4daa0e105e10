//! What hangs below what: by levels, item numbers, parents or blanks. Pure; a row that has no place says why.

use std::collections::HashMap;

use super::columns::Columns;
use super::field::Field;
use super::model::{SheetLine, Structure};
use super::sheet::{Row, Sheet};

/// The deepest level of a sheet.
const MOST_LEVELS: usize = 100;
/// How many columns a tab before a cell is worth.
const TAB: usize = 4;

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the part that the sheet is imported into.
    Root,
    /// So many levels below that, and the row that it hangs below; none below the root itself.
    Below(u32, Option<usize>),
    /// It hangs below the part of this number, wherever that stands.
    Of(String),
}

/// By what the rows hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Flat,
    Levels(usize),
    Outline(usize),
    Parents(usize),
    Blanks(usize),
}

/// Gives the rows of a sheet their places, one after the other.
pub(super) struct Placer<'a> {
    way: Way,
    number: Option<usize>,
    /// The number of the part that the sheet is imported into; none takes the top row.
    root: Option<&'a str>,
    root_row: Option<usize>,
    is_first: bool,
    /// The level of the root, or the one above the first row.
    base: usize,
    previous: usize,
    /// The rows that are open, each below the one before.
    open: Vec<usize>,
    /// The blanks before the rows that are open, with those of the root.
    blanks: Vec<usize>,
    outline: HashMap<String, usize>,
}

impl<'a> Placer<'a> {
    /// Fails with a sentence for a person where the structure that was asked for is not there.
    pub fn new(sheet: &Sheet, columns: &Columns, structure: Structure, root: Option<&'a str>) -> Result<Self, String> {
        let column = |field: &Field| columns.get(field);
        let by_level = |column: usize| {
            let is_outline = sheet.rows.iter().any(|row| is_outline(&row.cell(column)));
            if is_outline { Way::Outline(column) } else { Way::Levels(column) }
        };
        let by_blanks = || indented_column(sheet, columns).map(Way::Blanks);
        let missing = |what: &str| format!("No column is known to hold {what}; map one, as in {what}=#1");
        let way = match structure {
            Structure::Flat => Way::Flat,
            Structure::Level => column(&Field::Level).map(by_level).ok_or_else(|| missing("level"))?,
            Structure::Parent => column(&Field::Parent).map(Way::Parents).ok_or_else(|| missing("parent"))?,
            Structure::Indented => by_blanks().unwrap_or(Way::Flat),
            Structure::Auto => {
                let declared = columns.is_indented().then(by_blanks).flatten();
                let known = column(&Field::Level).map(by_level).or(column(&Field::Parent).map(Way::Parents));
                known.or(declared).unwrap_or(Way::Flat)
            }
        };
        let number = columns.get(&Field::Number);
        let empty = (Vec::new(), Vec::new(), HashMap::new());
        let (open, blanks, outline) = empty;
        let placer =
            Self { way, number, root, root_row: None, is_first: true, base: 0, previous: 0, open, blanks, outline };
        Ok(placer)
    }

    pub fn structure(&self) -> Structure {
        match self.way {
            Way::Flat => Structure::Flat,
            Way::Levels(_) | Way::Outline(_) => Structure::Level,
            Way::Parents(_) => Structure::Parent,
            Way::Blanks(_) => Structure::Indented,
        }
    }

    /// The field that a row without a place is told by.
    pub fn field(&self) -> Field {
        match self.way {
            Way::Parents(_) => Field::Parent,
            Way::Levels(_) | Way::Outline(_) => Field::Level,
            Way::Flat | Way::Blanks(_) => Field::Number,
        }
    }

    /// The cell that says it.
    pub fn value(&self, row: &Row) -> String {
        match self.way {
            Way::Parents(column) | Way::Levels(column) | Way::Outline(column) | Way::Blanks(column) => row.cell(column),
            Way::Flat => String::new(),
        }
    }

    /// The place of the next row. The error is a sentence for a person; rows that follow get their places all the same.
    pub fn place(&mut self, row: &Row) -> Result<Place, String> {
        let first = std::mem::take(&mut self.is_first);
        match self.way {
            Way::Flat => Ok(Place::Below(1, None)),
            Way::Parents(column) => self.by_parent(row, &row.text_cell(column).0),
            Way::Levels(column) => {
                let level = level_of(&row.cell(column))?;
                self.by_level(row, level, first)
            }
            Way::Blanks(column) => {
                let level = self.level_of_blanks(row.blanks(column, TAB), first)?;
                self.by_level(row, level, first)
            }
            Way::Outline(column) => self.by_outline(row, &row.cell(column), first),
        }
    }

    fn is_root(&self, row: &Row) -> bool {
        let number = || self.number.map(|column| row.text_cell(column).0);
        self.root_row.is_none() && self.root.is_none_or(|root| number().is_some_and(|number| number == root))
    }

    fn beside_root(&self) -> String {
        let row = self.root_row.unwrap_or_default();
        format!(
            "Stands beside row {row}, which is the part that the sheet is imported into; name another one to hold both"
        )
    }

    fn by_level(&mut self, row: &Row, level: usize, first: bool) -> Result<Place, String> {
        if first && self.is_root(row) {
            (self.root_row, self.base, self.previous) = (Some(row.row), level, level);
            return Ok(Place::Root);
        }
        if first {
            // One above the first row, which may be at level 0.
            self.base = level;
        }
        let depth =
            if self.root_row.is_some() { level.checked_sub(self.base) } else { (level + 1).checked_sub(self.base) };
        let Some(depth) = depth.filter(|depth| *depth > 0) else {
            return Err(match self.root_row {
                Some(_) => self.beside_root(),
                None => format!("Level {level} is above that of the first row, {}", self.base),
            });
        };
        if depth > MOST_LEVELS {
            return Err(format!("A sheet has at most {MOST_LEVELS} levels"));
        }
        let (previous, deepest) = (std::mem::replace(&mut self.previous, level), self.open.len() + 1);
        let above = self.open.get(..depth - 1).map(|above| above.last().copied());
        // After a jump, what follows is told by its own faults.
        self.open.resize(depth - 1, row.row);
        self.open.push(row.row);
        match above {
            Some(parent) => Ok(Place::Below(depth as u32, parent)),
            None => Err(format!(
                "The level jumps from {previous} to {level}; below the row above, {} is the deepest there can be",
                level - (depth - deepest)
            )),
        }
    }

    /// The level among the blanks of the rows that are open.
    fn level_of_blanks(&mut self, blanks: usize, first: bool) -> Result<usize, String> {
        if first {
            self.blanks.push(blanks);
            return Ok(0);
        }
        let before = self.blanks.len();
        while self.blanks.len() > 1 && self.blanks.last().is_some_and(|last| *last > blanks) {
            self.blanks.pop();
        }
        let last = self.blanks.last().copied().unwrap_or_default();
        if last > blanks {
            return Err("Is indented less than the first row".to_owned());
        }
        if last < blanks {
            if self.blanks.len() < before {
                return Err(format!("Is indented by {blanks} blanks, as no row that it could stand beside"));
            }
            self.blanks.push(blanks);
        }
        Ok(self.blanks.len() - 1)
    }

    fn by_outline(&mut self, row: &Row, text: &str, first: bool) -> Result<Place, String> {
        if first && self.is_root(row) {
            self.root_row = Some(row.row);
            return Ok(Place::Root);
        }
        let parts = outline_of(text)?;
        if parts.len() > MOST_LEVELS {
            return Err(format!("A sheet has at most {MOST_LEVELS} levels"));
        }
        if let Some(earlier) = self.outline.insert(parts.join("."), row.row) {
            return Err(format!("Row {earlier} has the same item number"));
        }
        let Some(above) = parts.split_last().map(|(_, above)| above).filter(|above| !above.is_empty()) else {
            return Ok(Place::Below(1, None));
        };
        let above = above.join(".");
        match self.outline.get(&above) {
            Some(parent) => Ok(Place::Below(parts.len() as u32, Some(*parent))),
            None => Err(format!("No row above has the item number {above}")),
        }
    }

    fn by_parent(&mut self, row: &Row, parent: &str) -> Result<Place, String> {
        match (parent.is_empty(), self.root) {
            (true, _) if self.is_root(row) => {
                self.root_row = Some(row.row);
                Ok(Place::Root)
            }
            (true, None) => Err(self.beside_root()),
            (true, Some(_)) => Ok(Place::Below(1, None)),
            (false, _) => Ok(Place::Of(parent.to_owned())),
        }
    }
}

/// The column whose cells begin with blanks: that of the numbers, or that of the names.
fn indented_column(sheet: &Sheet, columns: &Columns) -> Option<usize> {
    let places = [Field::Number, Field::Name].map(|field| columns.get(&field));
    let is_indented = |column: &usize| sheet.rows.iter().any(|row| row.blanks(*column, TAB) > 0);
    let mut known = places.into_iter().flatten();
    known.clone().find(is_indented).or_else(|| known.next())
}

/// `1.2`
fn is_outline(text: &str) -> bool {
    text.trim_end_matches('.').contains('.') && outline_of(text).is_ok()
}

/// `1`, `1.2.3`, `1.` and `1.0`, which says the same as `1`.
fn outline_of(text: &str) -> Result<Vec<&str>, String> {
    let mut parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    if text.is_empty() || parts.iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(format!("{text:?} is no item number such as 1.2.3"));
    }
    while parts.len() > 1 && parts.last().is_some_and(|part| part.bytes().all(|byte| byte == b'0')) {
        parts.pop();
    }
    Ok(parts)
}

/// `2`, `..2` or `..`
fn level_of(text: &str) -> Result<usize, String> {
    if text.is_empty() {
        return Err("The level is missing".to_owned());
    }
    let bare = text.trim_start_matches(['.', '-', '>', '·', '•', '_', ' ']);
    if bare.is_empty() {
        return Ok(text.chars().filter(|sign| *sign != ' ').count());
    }
    let is_level = bare.len() <= 3 && bare.bytes().all(|byte| byte.is_ascii_digit());
    let level = if is_level { bare.parse().ok() } else { None };
    level.ok_or_else(|| format!("{text:?} is no level; 0, 1, 2 … are"))
}

/// The rows by the numbers of their parts, for those that name their parents.
#[derive(Default)]
pub(super) struct Parents {
    /// The first row of a number, and what it calls the part; none where two rows call it differently.
    rows: HashMap<String, (usize, Option<Option<String>>)>,
    wanted: Vec<(usize, String)>,
}

impl Parents {
    /// Any row with a number may be a parent, also one that cannot be read otherwise.
    pub fn know(&mut self, row: usize, number: &str, name: &str) {
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        let known = self.rows.entry(number.to_owned()).or_insert((row, Some(name.clone())));
        if let Some(first) = &mut known.1 {
            match (&first, &name) {
                (Some(one), Some(other)) if one != other => known.1 = None,
                (None, Some(_)) => *first = name,
                _ => {}
            }
        }
    }

    /// A row that hangs below the part of a number.
    pub fn want(&mut self, row: usize, parent: String) {
        self.wanted.push((row, parent));
    }

    /// Gives the lines their parents and levels; what has none is answered with, by row, parent and reason.
    pub fn settle(self, lines: &mut [SheetLine], root: Option<&str>) -> Vec<(usize, String, String)> {
        let mut problems = Vec::new();
        let mut above: HashMap<usize, usize> = HashMap::new();
        for (row, parent) in self.wanted {
            if root == Some(parent.as_str()) {
                continue;
            }
            let reason = match self.rows.get(&parent) {
                Some((first, Some(_))) => {
                    above.insert(row, *first);
                    continue;
                }
                Some((_, None)) => "Stands for several names in this sheet, so it is no part that others hang below",
                None => "Is the number of no row of the sheet",
            };
            problems.push((row, parent, reason.to_owned()));
        }
        for line in lines {
            line.parent_row = above.get(&line.row).copied();
            // Rows that hang below themselves are found where all parts are known.
            let up = std::iter::successors(line.parent_row, |row| above.get(row).copied());
            line.level = 1 + up.take(MOST_LEVELS).count() as u32;
        }
        problems
    }
}

#[cfg(test)]
#[path = "structure_tests.rs"]
mod tests;
