//! Patterns of texts: `*` or `%` stands for any text, `?` for one character, `\` makes the next character an ordinary one.
//! The letters A to Z are the same in upper and lower case. Pure.

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(char),
    One,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

/// The longest pattern.
pub const MAX_PATTERN: usize = 500;
/// The most runs of any text: each multiplies what a database tries.
const MOST_WILD: usize = 10;

impl Pattern {
    /// The error is a sentence for a person.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let piece = match letter {
                '*' | '%' if pieces.last() == Some(&Piece::Any) => continue,
                '*' | '%' => Piece::Any,
                '?' => Piece::One,
                '\\' => Piece::Text(letters.next().ok_or("Nothing follows the \\ at the end")?.to_ascii_lowercase()),
                letter => Piece::Text(letter.to_ascii_lowercase()),
            };
            pieces.push(piece);
        }
        if pieces.iter().filter(|piece| **piece == Piece::Any).count() > MOST_WILD {
            return Err(format!("At most {MOST_WILD} times any text"));
        }
        Self::checked(pieces)
    }

    pub fn beginning_with(text: &str) -> Result<Self, String> {
        Self::checked(literal(text).chain([Piece::Any]).collect())
    }

    pub fn containing(text: &str) -> Result<Self, String> {
        Self::checked([Piece::Any].into_iter().chain(literal(text)).chain([Piece::Any]).collect())
    }

    fn checked(pieces: Vec<Piece>) -> Result<Self, String> {
        if pieces.len() > MAX_PATTERN {
            return Err(format!("At most {MAX_PATTERN} characters"));
        }
        if pieces.contains(&Piece::Text('\0')) {
            return Err("NUL characters are not allowed".to_owned());
        }
        Ok(Self(pieces))
    }

    /// For `lower(…) LIKE … ESCAPE '\'`.
    pub fn like(&self) -> String {
        let mut like = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Any => like.push('%'),
                Piece::One => like.push('_'),
                Piece::Text(letter) => {
                    if ['%', '_', '\\'].contains(letter) {
                        like.push('\\');
                    }
                    like.push(*letter);
                }
            }
        }
        like
    }
}

fn literal(text: &str) -> impl Iterator<Item = Piece> {
    text.chars().map(|letter| Piece::Text(letter.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_that_of_sql() {
        let table = [
            ("P-*", "p-%"),
            ("%Leg%", "%leg%"),
            ("***", "%"),
            ("P_1?", "p\\_1_"),
            ("100\\%\\*\\\\", "100\\%*\\\\"),
            ("Ä*", "Ä%"),
            ("", ""),
        ];
        for (given, expected) in table {
            assert_eq!(Pattern::read(given).unwrap().like(), expected, "{given}");
        }
        assert_eq!(Pattern::containing("5%_*?").unwrap().like(), "%5\\%\\_*?%");
        assert_eq!(Pattern::beginning_with("A\\").unwrap().like(), "a\\\\%");
        for bad in ["a\\", &"*a".repeat(11), &"a".repeat(501), "a\0"] {
            assert!(Pattern::read(bad).is_err(), "{bad}");
        }
    }
}
