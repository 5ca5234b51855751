//! Page after page, their items joined.

use std::collections::BTreeSet;

use serde_json::Value;
use tiphys_plugin::Failure;
use tiphys_plugin::artifacts::Writer;
use tiphys_plugin_query::path::Path;

use crate::answer::Answer;
use crate::body;
use crate::call::{self, Target};
use crate::origin;
use crate::pick::Pick;
use crate::plan::Plan;
use crate::retry::Trouble;

const LIMIT: u64 = 100;

/// `paging`, read.
#[derive(Debug)]
pub(crate) struct Paging {
    next: Pick,
    parameter: Option<String>,
    items: Path,
    limit: u64,
}

impl Paging {
    pub(crate) fn read(paging: &body::Paging) -> Result<Paging, String> {
        let next = match &paging.next {
            None => None,
            Some(from) => {
                Pick::read(from).map_err(|(key, reason)| format!("paging.next.{key}: {reason}"))?
            }
        };
        let items = paging.items.as_deref().unwrap_or("$");
        Ok(Paging {
            next: next.unwrap_or_else(|| Pick::Link("next".to_owned())),
            parameter: paging.parameter.clone(),
            items: Path::parse(items).map_err(|error| format!("paging.items: {error}"))?,
            limit: paging.limit.map_or(LIMIT, |limit| limit.0.max(1)),
        })
    }

    /// All pages from the first on, as one answer whose body is a JSON array of all items. With a writer the items go there, and
    /// into the answer only where `keep` says so.
    pub(crate) fn all(
        &self,
        plan: &Plan,
        first: Answer,
        mut writer: Option<&mut Writer>,
        keep: bool,
    ) -> Result<Answer, Trouble> {
        let mut joined = Joined::default();
        let mut seen = BTreeSet::from([plan.body.url.clone()]);
        let mut page = first;
        let mut number = 1;
        loop {
            self.items(&page, number, |item| {
                joined.add(item, writer.as_deref_mut(), keep, plan.most())
            })?;
            let Some(url) = self.next(plan, &page)? else {
                break;
            };
            if number >= self.limit {
                let message = format!(
                    "there are more than the {} pages of paging.limit",
                    self.limit
                );
                return Err(Trouble::never(Failure::new(message)));
            }
            if !seen.insert(url.clone()) {
                let message = format!("page {number} leads back to {}", origin::shown(&url));
                return Err(Trouble::never(Failure::new(message)));
            }
            number += 1;
            page = fetch(plan, url).map_err(Trouble::later_on)?;
        }
        joined.end(writer)?;
        Ok(page.with_body(joined.text))
    }

    fn items(
        &self,
        page: &Answer,
        number: u64,
        mut each: impl FnMut(&Value) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let json = page.json().ok_or_else(|| {
            Trouble::never(Failure::new(format!("page {number} is no JSON")).retryable())
        })?;
        match self.items.values(json).as_slice() {
            [Value::Array(items)] => items.iter().try_for_each(each),
            values => values.iter().try_for_each(|value| each(value)),
        }
    }

    /// The next page's URL, if there is one.
    fn next(&self, plan: &Plan, page: &Answer) -> Result<Option<String>, Trouble> {
        let fail = |reason: String| Trouble::never(Failure::new(format!("paging.next: {reason}")));
        let found = self.next.text(page, &plan.asked).map_err(fail)?;
        let Some(found) = found.filter(|found| !matches!(found.as_str(), "" | "null" | "false"))
        else {
            return Ok(None);
        };
        let url = match &self.parameter {
            Some(parameter) => origin::with_parameter(&plan.body.url, parameter, &found),
            None => origin::resolve(&page.url, &found),
        };
        url.map(Some).map_err(fail)
    }
}

/// A further page: the template's own request, at another place.
fn fetch(plan: &Plan, url: String) -> Result<Answer, Trouble> {
    let method = plan.asked.method.clone();
    let trusted = origin::same(&url, &plan.body.url);
    let target = Target {
        with_body: trusted,
        trusted,
        method,
        url,
    };
    let mut started = call::send(plan, &target)?;
    let head = started.head();
    if !head.ok() {
        let failure = Failure::new(plan.complaint(&head)).retryable();
        return Err(Trouble::status(failure, head.status, &head.headers));
    }
    let bytes = started.all(plan.most())?;
    Ok(head.with_bytes(bytes))
}

/// A JSON array under way.
#[derive(Default)]
struct Joined {
    text: String,
    any: bool,
}

impl Joined {
    fn add(
        &mut self,
        item: &Value,
        writer: Option<&mut Writer>,
        keep: bool,
        most: usize,
    ) -> Result<(), Trouble> {
        let between = if self.any { ',' } else { '[' };
        self.any = true;
        let item = item.to_string();
        if keep {
            self.text.push(between);
            self.text.push_str(&item);
            if self.text.len() > most {
                let message =
                    format!("all pages together are larger than the {most} bytes of maxBody");
                return Err(Trouble::never(Failure::new(message)));
            }
        }
        if let Some(writer) = writer {
            let mut bytes = item.into_bytes();
            bytes.insert(0, between as u8);
            writer.write(&bytes)?;
        }
        Ok(())
    }

    fn end(&mut self, writer: Option<&mut Writer>) -> Result<(), Trouble> {
        let end = if self.any { "]" } else { "[]" };
        self.text.push_str(end);
        if let Some(writer) = writer {
            writer.write(end.as_bytes())?;
        }
        Ok(())
    }
}
