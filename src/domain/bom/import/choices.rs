//! What a person chooses among when a sheet is read. No parsing here.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An enum of named choices that a person writes, with its first variant as the default.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident, $option:literal { $(#[$first_doc:meta])* $first:ident = $first_text:literal, $($(#[$more_doc:meta])* $more:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            #[default]
            $(#[$first_doc])*
            $first,
            $($(#[$more_doc])* $more),+
        }

        impl $name {
            /// Every choice as it is written.
            pub const NAMES: &'static [&'static str] = &[$first_text, $($text),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$more => $text),+
                }
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $first_text => Ok(Self::$first),
                    $($text => Ok(Self::$more),)+
                    _ => Err(Error::invalid_field(
                        "enum",
                        &["body", $option],
                        format!(concat!("{:?} is no choice of ", $option, "; choose one of: {}"), text, Self::NAMES.join(", ")),
                    )),
                }
            }
        }
    };
}

choices! {
    /// Which sign separates the fraction in a number.
    DecimalStyle, "decimal" {
        /// Each number must have one reading only; what can be read twice is a problem.
        Auto = "auto",
        Point = "point",
        Comma = "comma",
    }
}
choices! {
    /// What to do with a part that is listed twice with the same unit.
    Duplicates, "duplicates" {
        Refuse = "refuse",
        /// One line with the sum of the quantities.
        Sum = "sum",
    }
}
choices! {
    /// What to do with a number that stands for several names.
    PlaceholderRule, "placeholders" {
        Refuse = "refuse",
        /// `OTS-001`, `OTS-002` … one per name.
        Suffix = "suffix",
        /// `OTS-HEX-NUT-M5`: the name becomes part of the number.
        Name = "name",
        /// No number: the caller draws one from the type's numbering sequence.
        Sequence = "sequence",
    }
}
choices! {
    /// What to do with a row that has a name and no number.
    MissingNumbers, "missing_numbers" {
        /// No number: the caller draws one from the type's numbering sequence.
        Sequence = "sequence",
        Refuse = "refuse",
    }
}
choices! {
    /// What to do with a part or a line that is there with other values.
    Existing, "existing" {
        Refuse = "refuse",
        /// It stays as it is.
        Keep = "keep",
        /// It takes the values of the sheet.
        Update = "update",
    }
}
choices! {
    /// How a sheet tells what hangs below what.
    Structure, "structure" {
        /// By a column of levels or of parents, if there is one; else each row is a line of the part it is imported into.
        Auto = "auto",
        /// Each row is a line of the part that the sheet is imported into.
        Flat = "flat",
        /// By a column of levels (`0`, `1`, `..2`) or of item numbers (`1.2.3`).
        Level = "level",
        /// By a column with the number of the part that each row hangs below.
        Parent = "parent",
        /// By the blanks before the number, or before the name where no number is indented.
        Indented = "indented",
    }
}
choices! {
    /// What separates the cells of a row.
    Delimiter, "delimiter" {
        Comma = "comma",
        Semicolon = "semicolon",
        Tab = "tab",
    }
}
