//! Checks what is said to a vendor, and what is pretended to come from it, against the vendor's
//! own published description.
//!
//! The descriptions are not part of the project: the environment variable `PILOTHOUSE_CONTRACTS`
//! names the folder that holds them. Without it the checks are left out, and the suite says so.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{io::Write, path::Path, sync::Once};

use pilothouse::secrets::variable;
use serde_json::{Value, json};

/// One vendor's description.
pub(crate) struct Contract {
    document: Value,
}

/// Whether the description speaks of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It does, and all is well.
    Obeys,
    /// It does not.
    NotDescribed,
}

impl Contract {
    /// The description in `jsonschema/<name>.json`; none when nobody said where it is.
    pub(crate) fn of(name: &str) -> Option<Self> {
        static SAID: Once = Once::new();
        let Some(folder) = variable("PILOTHOUSE_CONTRACTS") else {
            // Past the capture of the test's output, so that it is seen when all goes well.
            SAID.call_once(|| {
                let note = "note: PILOTHOUSE_CONTRACTS is not set, so nothing is checked against \
                            the vendors' published schemas";
                _ = writeln!(std::io::stderr(), "{note}");
            });
            return None;
        };
        let path = Path::new(&folder).join("jsonschema").join(format!("{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Some(Self { document: serde_json::from_str(&text).unwrap() })
    }

    /// Checks the query and the body of a request.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        query: &[String],
        body: &[u8],
    ) -> Checked {
        let Some((name, operation)) = self.operation(method, path) else {
            return Checked::NotDescribed;
        };
        for parameter in query {
            assert!(operation["query"].get(parameter).is_some(), "{name} knows no `{parameter}`");
        }
        match operation["requestSchema"].as_str() {
            Some(schema) if !body.is_empty() => {
                self.obeys(schema, &serde_json::from_slice(body).unwrap());
            }
            Some(_) => assert!(operation["requestRequired"] != true, "{name} needs a body"),
            None => assert!(body.is_empty(), "{name} takes no body"),
        }
        Checked::Obeys
    }

    /// Checks an answer; no body is `null`.
    pub(crate) fn answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Checked {
        let Some((name, operation)) = self.operation(method, path) else {
            return Checked::NotDescribed;
        };
        match operation["responses"].get(status.to_string()) {
            Some(Value::String(schema)) => self.obeys(schema, body),
            Some(_) => assert!(body.is_null(), "{name} answers {status} without a body"),
            None => return Checked::NotDescribed,
        }
        Checked::Obeys
    }

    /// What the description says of one field of one of its things.
    pub(crate) fn part(&self, schema: &str, field: &str) -> &Value {
        let found = self.document["$defs"][schema].pointer(&format!("/properties/{field}"));
        found.unwrap_or_else(|| panic!("{schema} has no {field}"))
    }

    /// Checks what is delivered, of the parts that are there.
    pub(crate) fn loosely_obeys(&self, schema: &str, value: &Value) {
        let mut contract = Self { document: self.document.clone() };
        contract.document["$defs"][schema]["required"] = json!([]);
        contract.obeys(schema, value);
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&String, &Value)> {
        let segments: Vec<&str> = path.split('/').collect();
        self.document["operations"].as_object()?.iter().find(|(name, _)| {
            let Some((verb, template)) = name.split_once(' ') else { return false };
            let parts: Vec<&str> = template.split('/').collect();
            let fits = |(part, segment): (&&str, &&str)| part.starts_with('{') || part == segment;
            verb == method && parts.len() == segments.len() && parts.iter().zip(&segments).all(fits)
        })
    }

    fn obeys(&self, schema: &str, value: &Value) {
        let defs = &self.document["$defs"];
        let whole = json!({ "$defs": defs, "allOf": [defs[schema]] });
        let validator = jsonschema::validator_for(&whole).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(value)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{schema} is not obeyed: {faults:#?}\n{value:#}");
    }
}

#[test]
fn a_contract_finds_the_faults_it_is_there_for() {
    let document = json!({
        "operations": { "POST /a/{id}/b": {
            "query": { "page": {} },
            "requestSchema": "asked", "requestRequired": true,
            "responses": { "200": "said", "204": null }
        } },
        "$defs": {
            "asked": { "type": "object", "required": ["ref"] },
            "said": { "$ref": "#/$defs/id" },
            "id": { "type": "integer" }
        }
    });
    let contract = Contract { document };
    let fails =
        |check: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err();
    assert_eq!(
        contract.request("POST", "/a/1/b", &["page".into()], b"{\"ref\":1}"),
        Checked::Obeys
    );
    assert_eq!(contract.request("GET", "/a/1/b", &[], b""), Checked::NotDescribed);
    assert!(fails(&|| _ = contract.request("POST", "/a/1/b", &[], b"{}")));
    assert!(fails(&|| _ = contract.request("POST", "/a/1/b", &[], b"")));
    assert!(fails(&|| _ = contract.request("POST", "/a/1/b", &["p".into()], b"{\"ref\":1}")));
    assert_eq!(contract.answer("POST", "/a/1/b", 200, &json!(1)), Checked::Obeys);
    assert_eq!(contract.answer("POST", "/a/1/b", 204, &Value::Null), Checked::Obeys);
    assert_eq!(contract.answer("POST", "/a/1/b", 500, &Value::Null), Checked::NotDescribed);
    assert!(fails(&|| _ = contract.answer("POST", "/a/1/b", 200, &json!("1"))));
    assert!(fails(&|| _ = contract.answer("POST", "/a/1/b", 204, &json!({}))));
}
