//! What a store says, for people. Neither a secret nor a signature is in it: of an answer only its code and message are told, of an
//! address nothing behind its path.

use object_store::Error;
use std::error::Error as _;

pub(super) fn told(error: &Error) -> String {
    // Each cause says what the ones before it say, and more; the last says least of where and most of why.
    let mut all = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        all.push(error.to_string());
        cause = error.source();
    }
    if let Some(said) = all.iter().find_map(|text| answer(text)) {
        return said;
    }
    let last = all.last().cloned().unwrap_or_default();
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            format!("the server refuses: {}", without_queries(&last))
        }
        _ => without_queries(&last),
    }
}

/// The code and the message of an answer in XML, as S3 and those like it give them.
fn answer(text: &str) -> Option<String> {
    let field = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.trim().to_owned())
    };
    let code = field("Code")?;
    Some(match field("Message") {
        Some(message) => format!("{code}: {message}"),
        None => code,
    })
}

fn without_queries(text: &str) -> String {
    let words = text.split(' ');
    let words = words.map(|word| match word.split_once('?') {
        Some((before, _)) if before.contains("://") => before,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_told_than_is_of_use() {
        let answered = "Error performing PUT http://s/b/k in 1ms - Server returned 403: <Error><Code>SignatureDoesNotMatch</Code><Message>Check your key.</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId><StringToSign>x</StringToSign></Error>";
        assert_eq!(
            answer(answered).as_deref(),
            Some("SignatureDoesNotMatch: Check your key.")
        );
        assert_eq!(
            without_queries("GET http://s/b/k?sig=secret failed? yes"),
            "GET http://s/b/k failed? yes"
        );
    }
}
