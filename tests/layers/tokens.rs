//! Cuts Rust source into the few kinds of token that finding paths needs.

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    Name(String),
    /// `::`
    Join,
    Mark(char),
}

/// Names, `::` and single marks with their lines; without comments, strings, characters and lifetimes.
pub fn tokens(text: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let rest = &chars[at..];
        let length = match rest {
            ['/', '/', ..] => rest.iter().take_while(|c| **c != '\n').count(),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => quoted(rest),
            ['b' | 'c', '"', ..] => 1 + quoted(&rest[1..]),
            ['r', '"' | '#', ..] => raw(rest, 1),
            ['b' | 'c', 'r', '"' | '#', ..] => raw(rest, 2),
            ['\'', ..] => character_or_lifetime(rest),
            [':', ':', ..] => {
                found.push((line, Token::Join));
                2
            }
            [c, ..] if c.is_alphanumeric() || *c == '_' => {
                let name: String = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                let length = name.chars().count();
                if !c.is_ascii_digit() {
                    found.push((line, Token::Name(name)));
                }
                length
            }
            [c, ..] => {
                if !c.is_whitespace() {
                    found.push((line, Token::Mark(*c)));
                }
                1
            }
            [] => break,
        };
        line += rest[..length.min(rest.len())].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    found
}

fn block_comment(text: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn quoted(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// A raw string whose hashes start at `from`; a raw name (`r#type`) is passed over.
fn raw(text: &[char], from: usize) -> usize {
    let hashes = text[from..].iter().take_while(|c| **c == '#').count();
    let open = from + hashes;
    if text.get(open) != Some(&'"') {
        return open;
    }
    let mut at = open + 1;
    while at < text.len() {
        if text[at] == '"' && text[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

fn character_or_lifetime(text: &[char]) -> usize {
    match text {
        // The escaped character may itself be a quote.
        ['\'', '\\', _, ..] => 3 + text[3..].iter().take_while(|c| **c != '\'').count() + 1,
        ['\'', _, '\'', ..] => 3,
        _ => 1,
    }
}
