//! `/api/v1/openapi.json`: what this API is, in OpenAPI 3.1.

use actix_web::HttpResponse;

use crate::door::Door;

const DESCRIPTION: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/openapi.json"));

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/api/v1/openapi.json", |route| route.to(description))]
}

async fn description() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn described() -> BTreeSet<String> {
        let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let paths = description["paths"].as_object().unwrap();
        let one = |(path, methods): (&String, &Value)| -> Vec<String> {
            let methods = methods.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect()
        };
        paths.iter().flat_map(one).collect()
    }

    #[test]
    fn every_door_is_described_and_every_description_has_a_door() {
        let is_api = |door: &Door| door.pattern.starts_with("/api/") || matches!(door.pattern, "/healthz" | "/metrics");
        let doors: BTreeSet<_> =
            crate::doors().iter().filter(|door| is_api(door)).map(|door| format!("{door:?}")).collect();
        assert_eq!(doors, described());
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let text = DESCRIPTION.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next().unwrap());
        for pointer in text {
            assert!(description.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
