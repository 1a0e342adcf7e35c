//! A look at untrusted bytes before a compiler sees them: is it a component, and one
//! component only.
//!
//! Tools wrap each exported interface into a small nested component without code, so
//! nesting by itself is fine; nested *code* is a composition.

use crate::error::LoadError;

/// A Python plugin has 18 MB.
const MOST: usize = 64 << 20;
const MAGIC: &[u8] = b"\0asm";
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];
const MODULE: &[u8] = &[1, 0, 0, 0];
/// Section ids of the component model's binary format.
const CORE_MODULE: u8 = 1;
const NESTED: u8 = 4;
const DEPTH: usize = 8;

/// Refuses what cannot be a plugin.
///
/// # Errors
/// `NotAComponent`, `TooLarge` or `Composed`.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.len() > MOST {
        return Err(LoadError::TooLarge { bytes: bytes.len(), most: MOST });
    }
    let body = body(bytes)?;
    sections(body, 0)
}

fn body(bytes: &[u8]) -> Result<&[u8], LoadError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| not("they do not begin as WebAssembly does"))?;
    match rest.split_at_checked(4) {
        Some((COMPONENT, body)) => Ok(body),
        Some((MODULE, _)) => Err(not("they are a core module")),
        Some(_) => Err(not("they have an unknown version")),
        None => Err(not("they are cut off")),
    }
}

fn sections(mut rest: &[u8], depth: usize) -> Result<(), LoadError> {
    while let Some((&id, tail)) = rest.split_first() {
        let (content, tail) = leb128(tail)
            .and_then(|(size, tail)| tail.split_at_checked(size))
            .ok_or_else(|| not("a section is cut off"))?;
        match id {
            CORE_MODULE if depth > 0 => return Err(LoadError::Composed),
            NESTED if depth == DEPTH => return Err(LoadError::Composed),
            NESTED => sections(body(content)?, depth + 1)?,
            _ => {}
        }
        rest = tail;
    }
    Ok(())
}

/// An unsigned number of at most five bytes, as section sizes are.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}

fn not(why: &str) -> LoadError {
    LoadError::NotAComponent { why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn nested(id: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = EMPTY.to_vec();
        bytes.push(id);
        bytes.push(u8::try_from(content.len()).unwrap_or(0));
        bytes.extend_from_slice(content);
        bytes
    }

    #[test]
    fn tells_what_it_is() {
        assert!(scan(EMPTY).is_ok());
        for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0", b"#!/bin/sh", b"\0asm\x0d\0\x01\0\x01\x7f"] {
            let error = scan(bytes).err().map(|e| e.reason());
            assert_eq!(error, Some("NotAComponent"), "{bytes:?}");
        }
    }

    #[test]
    fn wrappers_are_fine_and_nested_code_is_not() {
        assert!(scan(&nested(NESTED, EMPTY)).is_ok());
        assert!(scan(&nested(CORE_MODULE, b"\0asm\x01\0\0\0")).is_ok());
        let composed = nested(NESTED, &nested(CORE_MODULE, b"\0asm\x01\0\0\0"));
        assert!(matches!(scan(&composed), Err(LoadError::Composed)));
        let mut deep = EMPTY.to_vec();
        for _ in 0..10 {
            deep = nested(NESTED, &deep);
        }
        assert!(matches!(scan(&deep), Err(LoadError::Composed)));
    }
}
