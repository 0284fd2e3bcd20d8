//! What stands behind the `?` of a question.

/// Names and what is said of them, percent-decoded; `None`: it is no such thing.
pub(super) fn fields(query: Option<&str>) -> Option<Vec<(&str, String)>> {
    let fields = query.into_iter().flat_map(|query| query.split('&'));
    fields.map(|part| part.split_once('=').and_then(|(name, value)| Some((name, decoded(value)?)))).collect()
}

/// What stands behind `name=` in a query that has no more.
pub(super) fn only(name: &str, query: Option<&str>) -> Result<Option<String>, ()> {
    let mut fields = fields(query).ok_or(())?.into_iter();
    match (fields.next(), fields.next()) {
        (None, _) => Ok(None),
        (Some((found, value)), None) if found == name => Ok(Some(value)),
        _ => Err(()),
    }
}

fn decoded(encoded: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, rest @ ..] => {
                let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                decoded.push(digit(*high)? << 4 | digit(*low)?);
                rest
            }
            [b'%', ..] => return None,
            [byte, rest @ ..] => {
                decoded.push(*byte);
                rest
            }
        };
    }
    String::from_utf8(decoded).ok()
}

/// So that it stands in a query as one value.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02x}"));
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::{encoded, fields, only};

    #[test]
    fn what_is_encoded_is_read_again() {
        for text in ["", "pump-7", "ü &=%+?#/", "\0\u{1b}"] {
            assert_eq!(only("about", Some(&format!("about={}", encoded(text)))), Ok(Some(text.to_owned())));
        }
    }

    #[test]
    fn questions_are_percent_decoded() {
        let about = |asked| only("about", asked);
        assert_eq!(about(None), Ok(None));
        assert_eq!(about(Some("about=pump-7")), Ok(Some("pump-7".into())));
        assert_eq!(about(Some("about=p%C3%bcmp%207%25%26")), Ok(Some("pümp 7%&".into())));
        for wrong in
            ["", "name=x", "about=%", "about=%4", "about=%zz", "about=%ff", "about=%+1", "about=a&about=b"]
        {
            assert_eq!(about(Some(wrong)), Err(()), "{wrong}");
        }
        assert_eq!(fields(Some("a=1&b=%3d")), Some(vec![("a", "1".into()), ("b", "=".into())]));
        assert_eq!(fields(Some("a=1&b")), None);
    }
}
