//! Where pods of a Run get its source: an address that nobody can guess. Pure.
//!
//! The key of the seals makes it, so that every replica knows every address, also after a
//! restart. It names the Run, whose record says what is to be served.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the code is for: that of a record begins with a UID.
const PURPOSE: &[u8] = b"codeflare.dev/source/v1";

/// Whose source it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub(super) struct Of {
    /// Namespace of the Run.
    pub(super) namespace: String,
    /// Name of the Run.
    pub(super) run: String,
    /// UID of the Run.
    pub(super) uid: String,
}

/// The address, below that of the Service.
pub(super) fn link(base: &str, of: &Of, key: &[u8]) -> String {
    let code: String = mac(of, key).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let Of { namespace, run, uid } = of;
    format!("{}/source/{namespace}/{run}/{uid}/{code}", base.trim_end_matches('/'))
}

/// Whether a code is the one of this address. Compared in constant time: how far a guess is
/// right must not show.
pub(super) fn is_code(code: &str, of: &Of, key: &[u8]) -> bool {
    let bytes: Option<Vec<u8>> = code
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        })
        .collect();
    bytes.is_some_and(|bytes| mac(of, key).verify_slice(&bytes).is_ok())
}

/// Every part with its length before it, so that no two Runs have one address.
fn mac(of: &Of, key: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("should take a key of any length, as HMAC does");
    for part in [PURPOSE, of.namespace.as_bytes(), of.run.as_bytes(), of.uid.as_bytes()] {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(namespace: &str, run: &str, uid: &str) -> Of {
        Of { namespace: namespace.to_owned(), run: run.to_owned(), uid: uid.to_owned() }
    }

    #[test]
    fn a_code_opens_one_address_and_no_other() {
        let (mine, key) = (of("a", "b", "c"), b"key");
        let address = link("http://source.svc:8081/", &mine, key);
        let code = address.strip_prefix("http://source.svc:8081/source/a/b/c/").expect("should be below the base");
        assert_eq!(code.len(), 64);
        assert!(is_code(code, &mine, key));
        for other in [of("a", "b", "d"), of("ab", "", "c"), of("", "ab", "c"), of("a", "bc", "")] {
            assert!(!is_code(code, &other, key), "{other:?}");
        }
        assert!(!is_code(code, &mine, b"another key"));
        for wrong in ["", "0", "zz", &code[..62], &format!("{code}00"), &"0".repeat(64), "+1+2", "é"] {
            assert!(!is_code(wrong, &mine, key), "{wrong}");
        }
    }
}
