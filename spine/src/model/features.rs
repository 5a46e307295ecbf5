//! Which functions a feature type serves.

use super::{FeatureType, Function};

impl FeatureType {
    /// The functions that a server of this type may offer.
    ///
    /// Empty for [`Self::Generic`], which may offer any, and for types that we do not know.
    pub const fn functions(&self) -> &'static [Function] {
        use Function as F;
        match self {
            Self::ActuatorLevel => &[F::ActuatorLevelData, F::ActuatorLevelDescriptionData],
            Self::ActuatorSwitch => &[F::ActuatorSwitchData, F::ActuatorSwitchDescriptionData],
            Self::Alarm => &[F::AlarmListData],
            Self::DataTunneling => &[F::DataTunnelingCall],
            Self::DeviceClassification => {
                &[F::DeviceClassificationManufacturerData, F::DeviceClassificationUserData]
            }
            Self::DeviceDiagnosis => &[
                F::DeviceDiagnosisStateData,
                F::DeviceDiagnosisHeartbeatData,
                F::DeviceDiagnosisServiceData,
            ],
            Self::DirectControl => {
                &[F::DirectControlActivityListData, F::DirectControlDescriptionData]
            }
            Self::ElectricalConnection => &[
                F::ElectricalConnectionParameterDescriptionListData,
                F::ElectricalConnectionPermittedValueSetListData,
                F::ElectricalConnectionCharacteristicListData,
                F::ElectricalConnectionStateListData,
                F::ElectricalConnectionDescriptionListData,
            ],
            Self::HVAC => &[
                F::HvacSystemFunctionListData,
                F::HvacSystemFunctionOperationModeRelationListData,
                F::HvacSystemFunctionSetpointRelationListData,
                F::HvacSystemFunctionPowerSequenceRelationListData,
                F::HvacSystemFunctionDescriptionListData,
                F::HvacOperationModeDescriptionListData,
                F::HvacOverrunListData,
                F::HvacOverrunDescriptionListData,
            ],
            Self::LoadControl => &[
                F::LoadControlNodeData,
                F::LoadControlEventListData,
                F::LoadControlStateListData,
                F::LoadControlLimitListData,
                F::LoadControlLimitConstraintsListData,
                F::LoadControlLimitDescriptionListData,
            ],
            Self::Measurement => &[
                F::MeasurementListData,
                F::MeasurementSeriesListData,
                F::MeasurementConstraintsListData,
                F::MeasurementDescriptionListData,
                F::MeasurementThresholdRelationListData,
            ],
            Self::Messaging => &[F::MessagingListData],
            Self::NetworkManagement => &[
                F::NetworkManagementAddNodeCall,
                F::NetworkManagementRemoveNodeCall,
                F::NetworkManagementModifyNodeCall,
                F::NetworkManagementScanNetworkCall,
                F::NetworkManagementDiscoverCall,
                F::NetworkManagementAbortCall,
                F::NetworkManagementProcessStateData,
                F::NetworkManagementJoiningModeData,
                F::NetworkManagementReportCandidateData,
                F::NetworkManagementDeviceDescriptionListData,
                F::NetworkManagementEntityDescriptionListData,
                F::NetworkManagementFeatureDescriptionListData,
            ],
            Self::NodeManagement => &[
                F::NodeManagementDetailedDiscoveryData,
                F::NodeManagementBindingData,
                F::NodeManagementSubscriptionData,
                F::NodeManagementDestinationListData,
                F::NodeManagementUseCaseData,
                F::NodeManagementBindingRequestCall,
                F::NodeManagementBindingDeleteCall,
                F::NodeManagementSubscriptionRequestCall,
                F::NodeManagementSubscriptionDeleteCall,
            ],
            Self::OperatingConstraints => &[
                F::OperatingConstraintsInterruptListData,
                F::OperatingConstraintsDurationListData,
                F::OperatingConstraintsPowerDescriptionListData,
                F::OperatingConstraintsPowerRangeListData,
                F::OperatingConstraintsPowerLevelListData,
                F::OperatingConstraintsResumeImplicationListData,
            ],
            Self::PowerSequences => &[
                F::PowerTimeSlotScheduleListData,
                F::PowerTimeSlotValueListData,
                F::PowerTimeSlotScheduleConstraintsListData,
                F::PowerSequenceAlternativesRelationListData,
                F::PowerSequenceDescriptionListData,
                F::PowerSequenceStateListData,
                F::PowerSequenceScheduleListData,
                F::PowerSequenceScheduleConstraintsListData,
                F::PowerSequencePriceListData,
                F::PowerSequenceSchedulePreferenceListData,
                F::PowerSequenceNodeScheduleInformationData,
                F::PowerSequenceScheduleConfigurationRequestCall,
                F::PowerSequencePriceCalculationRequestCall,
            ],
            Self::Sensing => &[F::SensingListData, F::SensingDescriptionData],
            Self::Setpoint => &[
                F::SetpointListData,
                F::SetpointConstraintsListData,
                F::SetpointDescriptionListData,
            ],
            Self::SmartEnergyManagementPs => &[
                F::SmartEnergyManagementPsData,
                F::SmartEnergyManagementPsPriceData,
                F::SmartEnergyManagementPsConfigurationRequestCall,
                F::SmartEnergyManagementPsPriceCalculationRequestCall,
            ],
            Self::TaskManagement => &[
                F::TaskManagementJobListData,
                F::TaskManagementJobRelationListData,
                F::TaskManagementJobDescriptionListData,
                F::TaskManagementOverviewData,
            ],
            Self::Threshold => &[
                F::ThresholdListData,
                F::ThresholdConstraintsListData,
                F::ThresholdDescriptionListData,
            ],
            Self::TimeInformation => &[
                F::TimeInformationData,
                F::TimeDistributorData,
                F::TimePrecisionData,
                F::TimeDistributorEnquiryCall,
            ],
            Self::TimeTable => &[
                F::TimeTableListData,
                F::TimeTableConstraintsListData,
                F::TimeTableDescriptionListData,
            ],
            Self::DeviceConfiguration => &[
                F::DeviceConfigurationKeyValueListData,
                F::DeviceConfigurationKeyValueDescriptionListData,
                F::DeviceConfigurationKeyValueConstraintsListData,
            ],
            Self::SupplyCondition => &[
                F::SupplyConditionListData,
                F::SupplyConditionDescriptionListData,
                F::SupplyConditionThresholdRelationListData,
            ],
            Self::TimeSeries => &[
                F::TimeSeriesListData,
                F::TimeSeriesDescriptionListData,
                F::TimeSeriesConstraintsListData,
            ],
            Self::TariffInformation => &[
                F::TariffOverallConstraintsData,
                F::TariffListData,
                F::TariffBoundaryRelationListData,
                F::TariffTierRelationListData,
                F::TariffDescriptionListData,
                F::TierBoundaryListData,
                F::TierBoundaryDescriptionListData,
                F::CommodityListData,
                F::TierListData,
                F::TierIncentiveRelationListData,
                F::TierDescriptionListData,
                F::IncentiveListData,
                F::IncentiveDescriptionListData,
            ],
            Self::IncentiveTable => &[
                F::IncentiveTableData,
                F::IncentiveTableDescriptionData,
                F::IncentiveTableConstraintsData,
            ],
            Self::Bill => {
                &[F::BillListData, F::BillConstraintsListData, F::BillDescriptionListData]
            }
            Self::Identification => &[
                F::IdentificationListData,
                F::SessionIdentificationListData,
                F::SessionMeasurementRelationListData,
            ],
            Self::StateInformation => &[F::StateInformationListData],
            Self::Generic | Self::Other(_) => &[],
        }
    }

    /// Whether a server of this type may offer the function.
    pub fn serves(&self, function: Function) -> bool {
        *self == Self::Generic || self.functions().contains(&function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_serves_the_functions_of_its_class() {
        assert!(FeatureType::LoadControl.serves(Function::LoadControlLimitListData));
        assert!(!FeatureType::LoadControl.serves(Function::MeasurementListData));
        assert!(FeatureType::Generic.serves(Function::MeasurementListData));
        assert!(!FeatureType::from("Surrogate").serves(Function::MeasurementListData));
    }

    #[test]
    fn a_function_belongs_to_one_feature_type_at_most() {
        for function in Function::LIST {
            let types = FeatureType::WORDS
                .iter()
                .filter(|word| FeatureType::from(**word).functions().contains(function));
            assert!(types.count() <= 1, "{function}");
        }
    }
}
