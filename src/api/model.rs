//! The shapes of every answer, field by field.
//!
//! What is not known is `null`, never 0. Times are RFC 3339 in UTC unless the name says
//! otherwise.

mod agreement;
mod country;
mod demo;
mod doors;
mod duplicate;
mod exclusion;
mod fleet;
mod gap;
mod gap_map;
mod import;
mod month;
mod outage;
mod overview;
mod plan;
mod programme;
mod site;
mod statement;

pub use agreement::{
    AgreementDetail, AgreementItem, AgreementMonth, AgreementMonths, Method, Statement,
    StatementDocument, StatementPart, Total,
};
pub use country::{AbsentLayer, Country, LayerItem, Notice, PlaceItem, Places};
pub use demo::{Away, Demonstration};
pub use doors::{
    AuditItem, DemonstrationRole, Invitation, InvitationAccept, InvitationLook, LinkAsked,
    LinkMade, NewPersonAsked, NewToken, PasswordChange, PasswordGiven, PersonChange, PersonItem,
    SecondFactor, SecondFactorConfirm, Session, SignIn, SignInItem, TokenItem, TokenMade,
};
pub use duplicate::{
    DuplicateItem, DuplicateSite, PairDecision, PairDecisions, PairItem, PairRule, PairSide,
    PairsDecided, SignedPairDecisions,
};
pub use exclusion::{Approval, ExclusionItem, ExclusionRequest, Withdrawal};
pub use fleet::{AgentClock, AgentCounts, AgentVolume, Availability24Hours, SiteCounts, Summary};
pub use fleet::{AgentItem, CodeCreated, Confirmation, Confirmed, Health, MapColumns, Revoked};
pub use gap::{GapArea, GapAreas, GapCoverage, GapDistance, GapItem, GapMeasured, GapNetwork};
pub use gap_map::{GapDrawnCoverage, GapMap};
pub use import::{
    ImportApplied, ImportColumn, ImportDetail, ImportDryRun, ImportInspection, ImportItem,
    ImportKeep, ImportKept, ImportKind, ImportLayer, ImportMapping, ImportPreview, ImportReason,
    ImportRefusal, ImportText, ImportUndone, ImportWarning, Signed,
};
pub use month::{Day, Interval, Month, MonthOutage, MonthPromise, Ratio, SiteMonth};
pub use outage::{CauseCount, Fact, OutageGoneEvent, OutageGroupItem, OutageGroupPage, OutageItem};
pub use overview::{
    CauseState, CountryName, CountryOutline, GroupState, KindCount, KindState, MapSite, MapSites,
    NationalOverview, OperatorState, OutlineShape, RegionState, SiteEvent, SiteName,
};
pub use plan::{ContributionItem, CriterionItem, PlanItem, PlanPage, PlanRobustness, PlanStay};
pub use programme::{
    KeptPlanItem, PlanComparison, PlanDetail, PlanExamples, PlanMap, PlanProgress, PlanRequest,
    PlanRoute, PlanSheet, PlanSiteItem, PlanSitesPage,
};
pub use site::{
    EvidenceItem, Facets, History, HistoryRates, LatestSample, SampleEvent, SiteAgent, SiteChange,
    SiteDetail, SiteFacts, SiteItem, SiteLine, SiteTarget, SiteVersion, TargetDay, TargetDays,
};
pub use statement::{AttachmentItem, AttachmentRequest, ContestItem, ContestRequest, RevisionItem};
