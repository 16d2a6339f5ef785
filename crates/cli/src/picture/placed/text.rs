//! How wide a text is, as far as that can be known without its font: never less than it will be.

/// One em is a thousand of these.
const EM: i32 = 1000;

/// The most that a text takes in pixels, in a sans-serif font of that size. The widths are those of
/// the widest font that browsers fall back to.
pub(crate) fn width(text: &str, size: i32, bold: bool) -> i32 {
    let ems: i32 = text.chars().map(advance).sum();
    let ems = if bold { ems + ems / 9 } else { ems };
    (ems * size + EM - 1) / EM
}

/// The text if it fits, else as much of its beginning and end as does.
pub(crate) fn fit(text: &str, room: i32, size: i32, bold: bool) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    for kept in (1..letters.len()).rev() {
        // Ends of names tell more than their middles: `…-private[a]`.
        let tail = kept / 3;
        let head: String = letters[..kept - tail].iter().collect();
        let tail: String = letters[letters.len() - tail..].iter().collect();
        let short = format!("{head}…{tail}");
        if width(&short, size, bold) <= room {
            return short;
        }
    }
    String::new()
}

fn advance(letter: char) -> i32 {
    match letter {
        'i' | 'j' | 'l' | '\'' | '|' => 320,
        ' ' | '.' | ',' | ':' | ';' | '!' | '/' | 'I' | '[' | ']' | '(' | ')' | 'f' | 't' => 395,
        'r' | '-' | '"' | '{' | '}' | '*' => 500,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '&' | '—' => 990,
        'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '→' | '·' | '×' | '✓' | '✗' | '_' | '#' => {
            840
        }
        ' '..='~' => 640,
        _ => EM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_in_the_middle() {
        assert_eq!(fit("subnet.private", 200, 12, false), "subnet.private");
        let short = fit("module.network.subnet.private[a]", 120, 12, false);
        assert!(short.starts_with("module") && short.ends_with("[a]"), "{short}");
        assert!(width(&short, 12, false) <= 120);
        assert_eq!(fit("anything", 3, 12, false), "");
    }
}
