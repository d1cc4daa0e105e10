//! Where the words of a query stand in a text, shown as HTML that is safe to be put into a page: everything is escaped
//! but the marks. Pure.

use super::fold::fold_char;

/// Characters shown around the first find in a long text.
const BEFORE: usize = 60;
const MOST: usize = 240;

/// The text with `<em>` around what was found; none when it holds none of the words.
pub fn highlight(text: &str, words: &[&str]) -> Option<String> {
    let signs: Vec<char> = text.chars().collect();
    let mut folded: Vec<char> = Vec::with_capacity(signs.len());
    // For each folded character the one it comes from.
    let mut origin = Vec::with_capacity(signs.len());
    for (index, &sign) in signs.iter().enumerate() {
        fold_char(sign, |part| {
            folded.push(part);
            origin.push(index);
        });
    }
    let mut marked = vec![false; signs.len()];
    for word in words {
        let word: Vec<char> = word.chars().collect();
        if word.is_empty() || word.len() > folded.len() {
            continue;
        }
        for start in 0..=folded.len() - word.len() {
            if folded[start..start + word.len()] == word {
                marked[origin[start]..=origin[start + word.len() - 1]].fill(true);
            }
        }
    }
    let first = marked.iter().position(|&mark| mark)?;
    let begin = if signs.len() > MOST { first.saturating_sub(BEFORE) } else { 0 };
    let end = (begin + MOST).min(signs.len());
    Some(render(&signs[begin..end], &marked[begin..end], begin > 0, end < signs.len()))
}

fn render(signs: &[char], marked: &[bool], cut_before: bool, cut_after: bool) -> String {
    let mut html = String::with_capacity(signs.len() + 16);
    html.push_str(if cut_before { "…" } else { "" });
    let mut inside = false;
    for (&sign, &mark) in signs.iter().zip(marked) {
        if mark != inside {
            html.push_str(if mark { "<em>" } else { "</em>" });
            inside = mark;
        }
        match sign {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html.push_str(if inside { "</em>" } else { "" });
    html.push_str(if cut_after { "…" } else { "" });
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_are_marked_in_the_original_and_the_rest_is_escaped() {
        for (text, words, expected) in [
            ("Bracket LEFT", vec!["left"], Some("Bracket <em>LEFT</em>")),
            (
                "<b>\"Größe\"</b> & 'x'",
                vec!["große"],
                Some("&lt;b&gt;&quot;<em>Größe</em>&quot;&lt;/b&gt; &amp; &#39;x&#39;"),
            ),
            ("ﬁlter 轴承座", vec!["fil", "承"], Some("<em>ﬁl</em>ter 轴<em>承</em>座")),
            ("Müller", vec!["mull", "ller"], Some("<em>Müller</em>")),
            ("a", vec!["abc"], None),
            ("", vec![""], None),
            ("none", vec![], None),
        ] {
            assert_eq!(highlight(text, &words).as_deref(), expected, "{text}");
        }
        let long = format!("{}needle{}", "x".repeat(500), "y".repeat(500));
        let shown = highlight(&long, &["needle"]).unwrap();
        assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("<em>needle</em>"));
        assert!(shown.chars().count() < 260);
    }
}
