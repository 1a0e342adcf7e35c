//! A record comes back as it was, or not at all.

use std::io::Read;

use codeflare_plan::record::{MOST, RecordError, open, peek, seal};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use serde_json::json;

use crate::support::{KEY, UID, record, seen};

fn sealed() -> ConfigMap {
    seal(&record(&seen(&[])), UID, KEY).expect("should fit")
}

fn forged(object: &ConfigMap) -> String {
    match open(object, UID, 1, KEY) {
        Err(RecordError::Forged { what }) => what,
        other => unreachable!("expected a forgery: {other:?}"),
    }
}

#[test]
fn a_record_is_one_immutable_object_of_its_run() {
    let mut object = sealed();
    let bytes = object.binary_data.take().expect("should have bytes");
    assert_eq!(bytes.keys().collect::<Vec<_>>(), ["record"]);
    assert!(bytes["record"].0.len() < 8 << 10, "a small Run has a small record");
    let seal = object.data.take().expect("should have a seal");
    assert_eq!(seal.keys().collect::<Vec<_>>(), ["seal"]);
    assert!(seal["seal"].len() == 64 && seal["seal"].chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
    insta::assert_yaml_snapshot!(object);
}

#[test]
fn what_was_sealed_comes_back() {
    let record = record(&seen(&[]));
    let object = seal(&record, UID, KEY).expect("should fit");
    assert_eq!(open(&object, UID, 1, KEY), Ok(record.clone()));
    assert_eq!(peek(&object), Ok(record));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_text_comes_back(value in any::<String>(), key in any::<[u8; 32]>()) {
        let record = record(&seen(&[("/run/spec/env", json!({"A": value})), ("/site/labels", json!({"l": value}))]));
        let object = seal(&record, UID, &key).expect("should fit");
        prop_assert_eq!(open(&object, UID, 1, &key), Ok(record));
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let good = sealed();
    let length = good.binary_data.as_ref().map_or(0, |data| data["record"].0.len());
    for index in 0..length {
        let mut object = good.clone();
        let bytes = object.binary_data.as_mut().and_then(|data| data.get_mut("record")).expect("should have bytes");
        bytes.0[index] ^= 1 << (index % 8);
        assert_eq!(forged(&object), "its seal does not fit");
    }
    for index in 0..64 {
        for bit in 0..7 {
            let mut object = good.clone();
            let seal = object.data.as_mut().and_then(|data| data.get_mut("seal")).expect("should have a seal");
            let mut bytes = seal.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            *seal = String::from_utf8(bytes).expect("should be ASCII");
            forged(&object);
        }
    }
}

#[test]
fn a_record_of_another_run_attempt_or_key_is_refused() {
    let good = sealed();
    let fits = RecordError::Forged { what: "its seal does not fit".into() };
    assert_eq!(open(&good, "another-uid", 1, KEY), Err(fits.clone()));
    assert_eq!(open(&good, UID, 2, KEY), Err(fits.clone()));
    assert_eq!(open(&good, UID, 1, b"another key"), Err(fits.clone()));
    // The same text, cut elsewhere.
    let (head, tail) = UID.split_at(UID.len() - 1);
    let mut moved = good.clone();
    let bytes = moved.binary_data.as_mut().and_then(|data| data.get_mut("record")).expect("should have bytes");
    bytes.0 = [tail.as_bytes(), &bytes.0].concat();
    assert_eq!(open(&moved, head, 1, KEY), Err(fits));
}

#[test]
fn what_does_not_fit_is_named() {
    let good = sealed();
    let label = |name: &str, value: &str| {
        let mut object = good.clone();
        object.metadata.labels.as_mut().expect("should have labels").insert(name.into(), value.into());
        forged(&object)
    };
    let changed = |change: fn(&mut ConfigMap)| {
        let mut object = good.clone();
        change(&mut object);
        forged(&object)
    };
    assert_eq!(label("codeflare.dev/attempt", "2"), "its labels are not of this Run and attempt");
    assert_eq!(label("codeflare.dev/run-uid", "x"), "its labels are not of this Run and attempt");
    assert_eq!(changed(|object| object.metadata.labels = None), "its labels are not of this Run and attempt");
    assert_eq!(changed(|object| object.metadata.name = Some("x".into())), "it is of another attempt");
    assert_eq!(changed(|object| object.data = None), "it has no seal");
    assert_eq!(changed(|object| object.binary_data = None), "it has no binaryData `record`");
    let with_seal = |text: &str| {
        let mut object = good.clone();
        object.data.as_mut().expect("should have a seal").insert("seal".into(), text.into());
        forged(&object)
    };
    for text in ["abc", "zz", "+f", "AB", "é"] {
        assert_eq!(with_seal(text), "its seal is not hexadecimal", "{text}");
    }
    assert_eq!(with_seal(""), "its seal does not fit");
    assert_eq!(with_seal("ab"), "its seal does not fit");
    // Sealed by us, but not what it is sealed as: attempt and UID are read from the record too.
    let mut record = record(&seen(&[]));
    record.seen.run.metadata.uid = Some("another".into());
    let object = seal(&record, UID, KEY).expect("should fit");
    assert_eq!(forged(&object), "it is of another Run");
}

#[test]
fn a_record_that_does_not_fit_into_one_object_is_not_written() {
    // Digits of a generator do not compress below a third.
    let mut state = 1_u64;
    let mut noise = |length: usize| -> String {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + u8::try_from((state >> 33) % 90).expect("should be small"))
        };
        (0..length).map(|_| next()).collect()
    };
    let mut record = record(&seen(&[]));
    record.host = noise(1 << 19);
    assert!(seal(&record, UID, KEY).is_ok());
    record.host = noise(1 << 20);
    let error = seal(&record, UID, KEY).expect_err("should be too large");
    assert!(matches!(error, RecordError::TooLarge { bytes, limit: MOST } if bytes > MOST), "{error}");
    assert!(error.to_string().contains("at most 786432 fit"), "{error}");
}

#[test]
fn a_record_that_unpacks_without_end_is_refused() {
    let bomb = zstd::encode_all(std::io::repeat(b' ').take(65 << 20), 3).expect("should pack");
    let mut object = sealed();
    object.binary_data = Some([("record".to_owned(), ByteString(bomb))].into());
    let forged = RecordError::Forged { what: "it unpacks to more than a record can have".into() };
    assert_eq!(peek(&object), Err(forged));
    object.binary_data = Some([("record".to_owned(), ByteString(b"no zstd".to_vec()))].into());
    assert!(peek(&object).is_err());
}
