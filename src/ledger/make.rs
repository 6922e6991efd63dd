//! Making a statement from the evidence itself: the same whether it is made for the first time, made
//! again from its inputs, or verified by somebody else.

use std::cell::RefCell;

use desserte_domain::agreement::{Agreement, in_force};

use super::LedgerError;
use super::evidence::{EvidenceError, Files, SiteEvidence};
use super::inputs::{FORMAT, Inputs, SiteInputs, Span, utc_offsets};
use super::recompute::{self, EVIDENCE_AROUND_MS, RecomputeError};
use super::terms::{self, Chain, ChainError, Version};
use crate::app::SourceError;
use crate::assess::months::{MonthRequest, MonthResult};
use crate::registry::{AgreementDocument, RegistryError};
use crate::statement::{MODEL, StatementDocument, StatementInput, statement};
use crate::store::journal::JournaledBatch;

/// A statement, and what it was made of.
#[derive(Debug, Clone)]
pub struct Made {
    /// What it was made of.
    pub inputs: Inputs,
    /// The document.
    pub document: StatementDocument,
    /// The document as it is hashed.
    pub text: String,
}

/// Why a statement cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Evidence cannot be gathered.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The agreement's chain cannot be read.
    #[error("agreement: {0}")]
    Chain(#[from] ChainError),
    /// There is no such agreement.
    #[error("agreement {0:?} does not exist")]
    NoAgreement(String),
    /// The version is not in force in the month.
    #[error("version {version} of the agreement is not in force in {}-{:02}", month.0, month.1)]
    NotInForce {
        /// The version.
        version: u32,
        /// The month.
        month: (i16, i8),
    },
    /// The agreement's text cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A site's figures cannot be made.
    #[error("{site}: {source}")]
    Site {
        /// The site.
        site: String,
        /// Why.
        source: RecomputeError,
    },
    /// The month has not begun, or is none of the agreement's.
    #[error(transparent)]
    Month(#[from] crate::assess::months::MonthError),
    /// The inputs are of another shape or of rules that are not known here.
    #[error("made by rules that are not known here: {0}")]
    Rules(String),
    /// The document cannot be written.
    #[error("write statement: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<LedgerError> for MakeError {
    fn from(error: LedgerError) -> Self {
        Self::Evidence(error.into())
    }
}

impl From<SourceError> for MakeError {
    fn from(error: SourceError) -> Self {
        Self::Evidence(error.into())
    }
}

type Result<T> = std::result::Result<T, MakeError>;

/// The terms of an agreement in the parts of a month, from its chain: one part, or more where a new version
/// begins in it.
pub fn parts(agreement: &str, chain: &Chain, month: (i16, i8)) -> Result<Vec<Agreement>> {
    let read = |version: &Version| Ok(AgreementDocument::parse(&version.text)?.agreement);
    let versions: Vec<Agreement> = chain.versions.iter().map(read).collect::<Result<_>>()?;
    if versions.is_empty() {
        return Err(MakeError::NoAgreement(agreement.to_owned()));
    }
    Ok(in_force(&versions, month))
}

/// The terms of one part.
pub fn part(
    agreement: &str,
    chain: &Chain,
    (month, version): ((i16, i8), u32),
) -> Result<Agreement> {
    let parts = parts(agreement, chain, month)?.into_iter();
    let found = parts.into_iter().find(|one| one.version == version);
    found.ok_or(MakeError::NotInForce { version, month })
}

/// The terms that inputs name.
pub fn terms_of(inputs: &Inputs, chain: &Chain) -> Result<Agreement> {
    let month = inputs
        .year_month()
        .ok_or_else(|| MakeError::Rules(format!("month {:?}", inputs.month)))?;
    part(&inputs.agreement, chain, (month, inputs.version))
}

impl Files {
    /// The chain of an agreement up to a record.
    pub fn chain(&self, agreement: &str, until: u64) -> Result<Chain> {
        let records = self.source.registry().records_of(agreement, until)?;
        let contents = records.iter().map(|one| one.content.as_str());
        Ok(terms::read(agreement, contents, until)?)
    }

    /// Makes the statement of a month from everything that is there by now.
    pub fn make(
        &self,
        agreement: &str,
        (month, version): ((i16, i8), u32),
        (present_unix_ms, revision): (i64, u32),
    ) -> Result<Made> {
        self.ledger.take_up()?;
        let ledger_size = self.ledger.size()?;
        let (until, records_until) = self.ledger.last_within(ledger_size)?;
        let chain = self.chain(agreement, records_until)?;
        let terms = part(agreement, &chain, (month, version))?;
        let request = MonthRequest {
            agreement: &terms,
            month,
            now_unix_ms: present_unix_ms,
        };
        let span = request.span()?;
        let period = terms
            .month(month.0, month.1)
            .map_err(crate::assess::months::MonthError::from)?;
        let registry = self.source.registry();
        let down =
            registry.collector_down(span.0 - EVIDENCE_AROUND_MS, span.1 + EVIDENCE_AROUND_MS)?;
        let mut inputs = Inputs {
            format: FORMAT,
            rule_set: MODEL.to_owned(),
            agreement: agreement.to_owned(),
            month: format!("{:04}-{:02}", month.0, month.1),
            version,
            revision,
            present_unix_ms,
            period_start_unix_ms: period.start_unix_ms,
            period_end_unix_ms: period.end_unix_ms,
            utc_offsets: utc_offsets(&period),
            ledger_size,
            records_until,
            collector_down: spans(&down),
            sites: Vec::with_capacity(terms.sites.len()),
        };
        let mut results = Vec::with_capacity(terms.sites.len());
        for site in &terms.sites {
            let evidence = self.evidence((&terms, site), span, until)?;
            let (site_inputs, result) = self.first_figures(&request, evidence, &chain, &inputs)?;
            inputs.sites.push(site_inputs);
            results.push(result);
        }
        finish(&terms, &chain, inputs, &results)
    }

    /// The figures of a site, and what was asked of others for them.
    fn first_figures(
        &self,
        request: &MonthRequest<'_>,
        evidence: SiteEvidence,
        chain: &Chain,
        inputs: &Inputs,
    ) -> Result<(SiteInputs, MonthResult)> {
        let SiteEvidence {
            inputs: mut site,
            batches,
        } = evidence;
        let span = request.span()?;
        let name = site.site.clone();
        let at_site = |source| MakeError::Site {
            site: name.clone(),
            source,
        };
        let mut measured =
            recompute::measured(request.agreement, span, &site, &batches).map_err(at_site)?;
        // Anchors are those of the targets that the batches name: known once these are read.
        let anchors = self.source.registry().anchors()?;
        site.anchors = recompute::anchors_named(anchors, &measured.named);
        measured.set_anchors(&site.anchors);
        let near = self.source.near(&site.site)?;
        let (asked, failed) = (RefCell::new(Vec::new()), RefCell::new(None));
        let result = recompute::figures(
            request,
            measured,
            &chain.counting(&site.site),
            &inputs.collector_down,
            &mut |silence| match self.source.in_silence(&near, silence) {
                Ok(seen) => {
                    asked.borrow_mut().push(seen.into());
                    Ok(Some(seen))
                }
                Err(error) => {
                    *failed.borrow_mut() = Some(error);
                    Ok(None)
                }
            },
        );
        if let Some(error) = failed.into_inner() {
            return Err(error.into());
        }
        let result = result.map_err(at_site)?;
        site.neighbours = asked.into_inner();
        site.neighbours
            .sort_by_key(|one: &super::inputs::NeighbourInputs| (one.from_unix_ms, one.to_unix_ms));
        site.neighbours
            .dedup_by_key(|one| (one.from_unix_ms, one.to_unix_ms));
        Ok((site, result))
    }

    /// Makes a statement again from its inputs: the same document, byte for byte, while the evidence is
    /// kept.
    pub fn make_again(&self, inputs: &Inputs) -> Result<Made> {
        let (until, _) = self.ledger.last_within(inputs.ledger_size)?;
        let chain = self.chain(&inputs.agreement, inputs.records_until)?;
        let terms = terms_of(inputs, &chain)?;
        let span = request(&terms, inputs)?.span()?;
        again(&terms, &chain, inputs, |site| {
            Ok(self.evidence_again(site, span, until)?.batches)
        })
    }
}

/// The question that inputs ask.
pub fn request<'a>(terms: &'a Agreement, inputs: &Inputs) -> Result<MonthRequest<'a>> {
    if (inputs.format, inputs.rule_set.as_str()) != (FORMAT, MODEL) {
        let rules = format!("{} in format {}", inputs.rule_set, inputs.format);
        return Err(MakeError::Rules(rules));
    }
    let month = inputs
        .year_month()
        .ok_or_else(|| MakeError::Rules(format!("month {:?}", inputs.month)))?;
    Ok(MonthRequest {
        agreement: terms,
        month,
        now_unix_ms: inputs.present_unix_ms,
    })
}

/// Makes a statement from inputs and batches, site by site.
pub fn again<E: From<MakeError>>(
    terms: &Agreement,
    chain: &Chain,
    inputs: &Inputs,
    mut batches_of: impl FnMut(&SiteInputs) -> std::result::Result<Vec<Vec<JournaledBatch>>, E>,
) -> std::result::Result<Made, E> {
    let request = request(terms, inputs)?;
    let mut results = Vec::with_capacity(inputs.sites.len());
    for site in &inputs.sites {
        let batches = batches_of(site)?;
        let result = site_figures(&request, site, &batches, chain, inputs);
        let at_site = |source| MakeError::Site {
            site: site.site.clone(),
            source,
        };
        results.push(result.map_err(at_site)?);
    }
    Ok(finish(terms, chain, inputs.clone(), &results)?)
}

fn site_figures(
    request: &MonthRequest<'_>,
    site: &SiteInputs,
    batches: &[Vec<JournaledBatch>],
    chain: &Chain,
    inputs: &Inputs,
) -> std::result::Result<MonthResult, RecomputeError> {
    let measured = recompute::measured(request.agreement, request.span()?, site, batches)?;
    recompute::figures(
        request,
        measured,
        &chain.counting(&site.site),
        &inputs.collector_down,
        &mut recompute::stated_neighbours(&site.neighbours),
    )
}

fn finish(
    terms: &Agreement,
    chain: &Chain,
    inputs: Inputs,
    results: &[MonthResult],
) -> Result<Made> {
    let month = inputs
        .year_month()
        .ok_or_else(|| MakeError::Rules(format!("month {:?}", inputs.month)))?;
    let sites: Vec<&MonthResult> = results.iter().collect();
    let document = statement(&StatementInput {
        agreement: terms,
        month,
        revision: inputs.revision,
        sites: &sites,
        exclusions: &chain.exclusions,
    });
    let text = document.canonical()?;
    Ok(Made {
        inputs,
        document,
        text,
    })
}

fn spans(down: &[(i64, i64)]) -> Vec<Span> {
    down.iter()
        .map(|(from, to)| Span {
            from_unix_ms: *from,
            to_unix_ms: *to,
        })
        .collect()
}
