//! The vectors that Python made (tests/vectors, `make.py` says how): the same verdicts, by the same numbers.
use std::collections::{BTreeMap, BTreeSet};

use incamera_e2ee::chain::{Expected, LeafPlace, Trust, validate};
use incamera_e2ee::signature::PublicKey;
use incamera_e2ee::strict::{Hash, MeetingId, SittingId, Thumbprint, load, unb64u};
use incamera_e2ee::words::{Language, words};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn devices(value: &Value) -> Option<BTreeSet<Thumbprint>> {
    value.as_array().map(|all| all.iter().map(|one| Thumbprint::parse(text(one)).unwrap()).collect())
}

#[test]
fn chains_are_judged_by_the_same_rules() {
    let file = vectors("chain");
    let mut count = 0;
    for case in file["cases"].as_array().unwrap() {
        let mut held = file["expected"].clone();
        held.as_object_mut().unwrap().extend(case["expected"].as_object().unwrap().clone());
        let x = text(&held["authority"]["x"]);
        let seats: Option<BTreeMap<String, String>> = serde_json::from_value(held["seats"].clone()).unwrap();
        let trust = Trust {
            authority: PublicKey::parse(x).unwrap().thumbprint(),
            key: x.to_owned(),
            meeting: MeetingId::parse(text(&held["meeting"])).unwrap(),
            charters: held["charters"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hash| Hash::parse(text(hash)).unwrap())
                .collect(),
            seats,
        };
        let leaf: Option<LeafPlace> = serde_json::from_value(held["leaf"].clone()).unwrap();
        let (enrolled, revoked) = (devices(&held["enrolled"]), devices(&held["revoked"]));
        let expected = Expected {
            leaf,
            enrolled: enrolled.as_ref().map(|set| set as _),
            revoked: revoked.as_ref().map(|set| set as _),
        };
        let verdict = validate(text(&case["chain"]), &trust, &expected, case["at"].as_u64().unwrap());
        let name = text(&case["name"]);
        match (&case["rule"], verdict) {
            (Value::Null, Ok(credential)) => {
                let proven = &case["outcome"]["credential"];
                assert_eq!(credential.delegation, text(&proven["delegation"]), "{name}");
                assert_eq!(credential.seat, text(&proven["seat"]), "{name}");
                assert_eq!(credential.device_key, text(&proven["device"]["x"]), "{name}");
                assert_eq!(credential.leaf_key.as_deref(), proven["leaf"]["x"].as_str(), "{name}");
                assert_eq!(credential.invitation.to_string(), text(&proven["invitation"]), "{name}");
                assert_eq!(credential.until, proven["until"].as_u64().unwrap(), "{name}");
            }
            (rule, Err(error)) => assert_eq!(error.rule, rule.as_str(), "{name}: {error}"),
            (rule, Ok(_)) => panic!("{name}: accepted, and {rule} refuses it"),
        }
        count += 1;
    }
    assert!(count > 100);
}

#[test]
fn strict_json_and_base64url_read_alike() {
    let file = vectors("strict");
    for case in file["json"].as_array().unwrap() {
        let data = unb64u(text(&case["json"])).unwrap();
        assert_eq!(load(&data).is_ok(), case["accepted"].as_bool().unwrap(), "{}", String::from_utf8_lossy(&data));
    }
    for case in file["b64u"].as_array().unwrap() {
        let hex =
            unb64u(text(&case["text"])).map(|data| data.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert_eq!(hex.as_deref(), case["bytes"].as_str(), "{}", case["text"]);
    }
}

#[test]
fn words_are_the_same_in_both_languages() {
    for case in vectors("words")["cases"].as_array().unwrap() {
        let authenticator = unb64u(text(&case["authenticator"])).unwrap();
        for (code, language) in [("en", Language::En), ("fr", Language::Fr)] {
            let expected: Vec<String> = serde_json::from_value(case["words"][code].clone()).unwrap();
            assert_eq!(words(&authenticator, language), expected);
        }
    }
}

#[test]
fn a_key_s_index_is_the_round_in_the_ring_and_sealed_places_are_ids() {
    for case in vectors("frame_key")["index"].as_array().unwrap() {
        let index = incamera_e2ee::frame_keys::index(case["round"].as_u64().unwrap());
        assert_eq!(u64::from(index), case["index"].as_u64().unwrap());
    }
    assert_eq!(incamera_e2ee::frame_keys::LABEL, text(&vectors("frame_key")["exporter"]["label"]));
    assert!(SittingId::parse(text(&vectors("sealed")["cases"][0]["sitting"])).is_some());
}
