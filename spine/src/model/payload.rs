//! Everything that a SPINE command can carry, and the functions by name.

use eebus_json::{AnyChoice, Choice, Kind, List, Record, Shape, Target, Unknown, View};

use super::*;

/// The function data of a command. A new function is a new line here.
///
/// The derive makes [`Function`], the names alone, `From` each content, and the way from a
/// content type to its function (`eebus_json::Member`).
#[derive(Clone, Debug, PartialEq, Choice)]
#[names(Function)]
pub enum Payload {
    ActuatorLevelData(ActuatorLevelData),
    ActuatorLevelDescriptionData(ActuatorLevelDescriptionData),
    ActuatorSwitchData(ActuatorSwitchData),
    ActuatorSwitchDescriptionData(ActuatorSwitchDescriptionData),
    AlarmListData(List<AlarmData>),
    BillConstraintsListData(List<BillConstraintsData>),
    BillDescriptionListData(List<BillDescriptionData>),
    BillListData(List<BillData>),
    BindingManagementDeleteCall(BindingManagementDeleteCall),
    BindingManagementEntryListData(List<BindingManagementEntryData>),
    BindingManagementRequestCall(BindingManagementRequestCall),
    CommodityListData(List<CommodityData>),
    DataTunnelingCall(DataTunnelingCall),
    DeviceClassificationManufacturerData(DeviceClassificationManufacturerData),
    DeviceClassificationUserData(DeviceClassificationUserData),
    DeviceConfigurationKeyValueConstraintsListData(
        List<DeviceConfigurationKeyValueConstraintsData>,
    ),
    DeviceConfigurationKeyValueDescriptionListData(
        List<DeviceConfigurationKeyValueDescriptionData>,
    ),
    DeviceConfigurationKeyValueListData(List<DeviceConfigurationKeyValueData>),
    DeviceDiagnosisHeartbeatData(DeviceDiagnosisHeartbeatData),
    DeviceDiagnosisServiceData(DeviceDiagnosisServiceData),
    DeviceDiagnosisStateData(DeviceDiagnosisStateData),
    DirectControlActivityListData(List<DirectControlActivityData>),
    DirectControlDescriptionData(DirectControlDescriptionData),
    ElectricalConnectionCharacteristicListData(List<ElectricalConnectionCharacteristicData>),
    ElectricalConnectionDescriptionListData(List<ElectricalConnectionDescriptionData>),
    ElectricalConnectionParameterDescriptionListData(
        List<ElectricalConnectionParameterDescriptionData>,
    ),
    ElectricalConnectionPermittedValueSetListData(List<ElectricalConnectionPermittedValueSetData>),
    ElectricalConnectionStateListData(List<ElectricalConnectionStateData>),
    HvacOperationModeDescriptionListData(List<HvacOperationModeDescriptionData>),
    HvacOverrunDescriptionListData(List<HvacOverrunDescriptionData>),
    HvacOverrunListData(List<HvacOverrunData>),
    HvacSystemFunctionDescriptionListData(List<HvacSystemFunctionDescriptionData>),
    HvacSystemFunctionListData(List<HvacSystemFunctionData>),
    HvacSystemFunctionOperationModeRelationListData(
        List<HvacSystemFunctionOperationModeRelationData>,
    ),
    HvacSystemFunctionPowerSequenceRelationListData(
        List<HvacSystemFunctionPowerSequenceRelationData>,
    ),
    HvacSystemFunctionSetpointRelationListData(List<HvacSystemFunctionSetpointRelationData>),
    IdentificationListData(List<IdentificationData>),
    IncentiveDescriptionListData(List<IncentiveDescriptionData>),
    IncentiveListData(List<IncentiveData>),
    IncentiveTableConstraintsData(IncentiveTableConstraintsData),
    IncentiveTableData(IncentiveTableData),
    IncentiveTableDescriptionData(IncentiveTableDescriptionData),
    LoadControlEventListData(List<LoadControlEventData>),
    LoadControlLimitConstraintsListData(List<LoadControlLimitConstraintsData>),
    LoadControlLimitDescriptionListData(List<LoadControlLimitDescriptionData>),
    LoadControlLimitListData(List<LoadControlLimitData>),
    LoadControlNodeData(LoadControlNodeData),
    LoadControlStateListData(List<LoadControlStateData>),
    MeasurementConstraintsListData(List<MeasurementConstraintsData>),
    MeasurementDescriptionListData(List<MeasurementDescriptionData>),
    MeasurementListData(List<MeasurementData>),
    MeasurementSeriesListData(List<MeasurementSeriesData>),
    MeasurementThresholdRelationListData(List<MeasurementThresholdRelationData>),
    MessagingListData(List<MessagingData>),
    NetworkManagementAbortCall(NetworkManagementAbortCall),
    NetworkManagementAddNodeCall(NetworkManagementAddNodeCall),
    NetworkManagementDeviceDescriptionListData(List<NetworkManagementDeviceDescriptionData>),
    NetworkManagementDiscoverCall(NetworkManagementDiscoverCall),
    NetworkManagementEntityDescriptionListData(List<NetworkManagementEntityDescriptionData>),
    NetworkManagementFeatureDescriptionListData(List<NetworkManagementFeatureDescriptionData>),
    NetworkManagementJoiningModeData(NetworkManagementJoiningModeData),
    NetworkManagementModifyNodeCall(NetworkManagementModifyNodeCall),
    NetworkManagementProcessStateData(NetworkManagementProcessStateData),
    NetworkManagementRemoveNodeCall(NetworkManagementRemoveNodeCall),
    NetworkManagementReportCandidateData(NetworkManagementReportCandidateData),
    NetworkManagementScanNetworkCall(NetworkManagementScanNetworkCall),
    NodeManagementBindingData(NodeManagementBindingData),
    NodeManagementBindingDeleteCall(NodeManagementBindingDeleteCall),
    NodeManagementBindingRequestCall(NodeManagementBindingRequestCall),
    NodeManagementDestinationListData(List<NodeManagementDestinationData>),
    NodeManagementDetailedDiscoveryData(NodeManagementDetailedDiscoveryData),
    NodeManagementSubscriptionData(NodeManagementSubscriptionData),
    NodeManagementSubscriptionDeleteCall(NodeManagementSubscriptionDeleteCall),
    NodeManagementSubscriptionRequestCall(NodeManagementSubscriptionRequestCall),
    NodeManagementUseCaseData(NodeManagementUseCaseData),
    OperatingConstraintsDurationListData(List<OperatingConstraintsDurationData>),
    OperatingConstraintsInterruptListData(List<OperatingConstraintsInterruptData>),
    OperatingConstraintsPowerDescriptionListData(List<OperatingConstraintsPowerDescriptionData>),
    OperatingConstraintsPowerLevelListData(List<OperatingConstraintsPowerLevelData>),
    OperatingConstraintsPowerRangeListData(List<OperatingConstraintsPowerRangeData>),
    OperatingConstraintsResumeImplicationListData(List<OperatingConstraintsResumeImplicationData>),
    PowerSequenceAlternativesRelationListData(List<PowerSequenceAlternativesRelationData>),
    PowerSequenceDescriptionListData(List<PowerSequenceDescriptionData>),
    PowerSequenceNodeScheduleInformationData(PowerSequenceNodeScheduleInformationData),
    PowerSequencePriceCalculationRequestCall(PowerSequencePriceCalculationRequestCall),
    PowerSequencePriceListData(List<PowerSequencePriceData>),
    PowerSequenceScheduleConfigurationRequestCall(PowerSequenceScheduleConfigurationRequestCall),
    PowerSequenceScheduleConstraintsListData(List<PowerSequenceScheduleConstraintsData>),
    PowerSequenceScheduleListData(List<PowerSequenceScheduleData>),
    PowerSequenceSchedulePreferenceListData(List<PowerSequenceSchedulePreferenceData>),
    PowerSequenceStateListData(List<PowerSequenceStateData>),
    PowerTimeSlotScheduleConstraintsListData(List<PowerTimeSlotScheduleConstraintsData>),
    PowerTimeSlotScheduleListData(List<PowerTimeSlotScheduleData>),
    PowerTimeSlotValueListData(List<PowerTimeSlotValueData>),
    ResultData(ResultData),
    SensingDescriptionData(SensingDescriptionData),
    SensingListData(List<SensingData>),
    SessionIdentificationListData(List<SessionIdentificationData>),
    SessionMeasurementRelationListData(List<SessionMeasurementRelationData>),
    SetpointConstraintsListData(List<SetpointConstraintsData>),
    SetpointDescriptionListData(List<SetpointDescriptionData>),
    SetpointListData(List<SetpointData>),
    SmartEnergyManagementPsConfigurationRequestCall(
        SmartEnergyManagementPsConfigurationRequestCall,
    ),
    SmartEnergyManagementPsData(SmartEnergyManagementPsData),
    SmartEnergyManagementPsPriceCalculationRequestCall(
        SmartEnergyManagementPsPriceCalculationRequestCall,
    ),
    SmartEnergyManagementPsPriceData(SmartEnergyManagementPsPriceData),
    SpecificationVersionListData(SpecificationVersionListData),
    StateInformationListData(List<StateInformationData>),
    SubscriptionManagementDeleteCall(SubscriptionManagementDeleteCall),
    SubscriptionManagementEntryListData(List<SubscriptionManagementEntryData>),
    SubscriptionManagementRequestCall(SubscriptionManagementRequestCall),
    SupplyConditionDescriptionListData(List<SupplyConditionDescriptionData>),
    SupplyConditionListData(List<SupplyConditionData>),
    SupplyConditionThresholdRelationListData(List<SupplyConditionThresholdRelationData>),
    TariffBoundaryRelationListData(List<TariffBoundaryRelationData>),
    TariffDescriptionListData(List<TariffDescriptionData>),
    TariffListData(List<TariffData>),
    TariffOverallConstraintsData(TariffOverallConstraintsData),
    TariffTierRelationListData(List<TariffTierRelationData>),
    TaskManagementJobDescriptionListData(List<TaskManagementJobDescriptionData>),
    TaskManagementJobListData(List<TaskManagementJobData>),
    TaskManagementJobRelationListData(List<TaskManagementJobRelationData>),
    TaskManagementOverviewData(TaskManagementOverviewData),
    ThresholdConstraintsListData(List<ThresholdConstraintsData>),
    ThresholdDescriptionListData(List<ThresholdDescriptionData>),
    ThresholdListData(List<ThresholdData>),
    TierBoundaryDescriptionListData(List<TierBoundaryDescriptionData>),
    TierBoundaryListData(List<TierBoundaryData>),
    TierDescriptionListData(List<TierDescriptionData>),
    TierIncentiveRelationListData(List<TierIncentiveRelationData>),
    TierListData(List<TierData>),
    TimeDistributorData(TimeDistributorData),
    TimeDistributorEnquiryCall(TimeDistributorEnquiryCall),
    TimeInformationData(TimeInformationData),
    TimePrecisionData(TimePrecisionData),
    TimeSeriesConstraintsListData(List<TimeSeriesConstraintsData>),
    TimeSeriesDescriptionListData(List<TimeSeriesDescriptionData>),
    TimeSeriesListData(List<TimeSeriesData>),
    TimeTableConstraintsListData(List<TimeTableConstraintsData>),
    TimeTableDescriptionListData(List<TimeTableDescriptionData>),
    TimeTableListData(List<TimeTableData>),
    UseCaseInformationListData(List<UseCaseInformationData>),
    /// Data of a function that we do not know, kept as received.
    #[other]
    Other(Unknown),
}

impl Payload {
    /// The function's name, known or not.
    pub fn function_name(&self) -> FunctionName {
        self.which().map_or_else(|| FunctionName::Other(self.name().into()), FunctionName::Known)
    }

    /// The content as a record; `None` for a function that we do not know.
    pub fn record(&self) -> Option<&dyn Record> {
        match self.content() {
            View::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The content as a record, to be changed; `None` for a function that we do not know.
    pub fn record_mut(&mut self) -> Option<&mut dyn Record> {
        match self.content_mut() {
            Target::Record(record) => Some(record),
            _ => None,
        }
    }
}

impl Function {
    /// What the data of the function look like.
    pub fn shape(self) -> &'static Shape {
        match Payload::ALTERNATIVES[self as usize].kind {
            Kind::Record(shape) => shape,
            _ => unreachable!("every function's data is a record"),
        }
    }

    /// What one entry looks like, if the data are nothing but a list of entries.
    pub fn entry(self) -> Option<&'static Shape> {
        match self.shape().elements {
            [list] if list.is_repeated => match list.kind {
                Kind::Record(shape) => Some(shape),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the data are a list whose entries carry identifiers, so that a partial message can
    /// name them (PS 5.3.4.6).
    pub fn has_identifiers(self) -> bool {
        self.entry().is_some_and(|entry| entry.elements.iter().any(|element| element.is_key))
    }

    /// Whether the function is a procedure call: it has no data to read or write.
    pub fn is_call(self) -> bool {
        self.as_str().ends_with("Call")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_know_what_their_data_look_like() {
        let entry = Function::LoadControlLimitListData.entry().expect("a list");
        assert_eq!(entry.name, "loadControlLimitData");
        assert!(Function::LoadControlLimitListData.has_identifiers());
        assert!(!Function::SensingListData.has_identifiers());
        assert!(Function::NodeManagementBindingData.has_identifiers());
        assert!(Function::DeviceDiagnosisStateData.entry().is_none());
        assert!(Function::SpecificationVersionListData.entry().is_none());
        assert!(Function::NodeManagementBindingRequestCall.is_call());
        for function in Function::LIST {
            assert_eq!(Payload::empty(*function).name(), function.as_str());
            assert!(!function.shape().name.is_empty());
        }
    }
}
