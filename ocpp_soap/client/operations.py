"""The operations of a charge point as methods.

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import answers, words
from .commands import Command, Options
from .more_operations import MoreOperations


class Operations(MoreOperations):
    """What a station can be told; each method sends one command, and `options`, always the first, say how."""

    def cancel_reservation(
        self, options: Options | None = None, /, *, reservationId: int
    ) -> Command[answers.CancelReservationResponse]:
        """Give up a reservation before it lapses (OCPP 1.6 §5.1).

        reservationId: The number that ReserveNow gave it.
        """
        return self.send("CancelReservation", {"reservationId": reservationId}, options)

    def change_availability(
        self, options: Options | None = None, /, *, connectorId: int, type: words.AvailabilityType
    ) -> Command[answers.ChangeAvailabilityResponse]:
        """Put a connector, or the whole Charge Point, into or out of service. With a transaction in progress the
        change waits for its end (OCPP 1.6 §5.2).

        connectorId: The connector, from 1 up; 0 is the Charge Point with all its connectors.
        type: Operative or Inoperative.
        """
        return self.send("ChangeAvailability", {"connectorId": connectorId, "type": type}, options)

    def change_configuration(
        self, options: Options | None = None, /, *, key: str, value: str
    ) -> Command[answers.ChangeConfigurationResponse]:
        """Give one setting of the Charge Point a new value. OCPP 1.6 §9 lists the standard keys; vendors add their
        own (OCPP 1.6 §5.3).

        key: Name of the setting, such as HeartbeatInterval.
        value: The new value, written as text.
        """
        return self.send("ChangeConfiguration", {"key": key, "value": value}, options)

    def clear_cache(self, options: Options | None = None, /) -> Command[answers.ClearCacheResponse]:
        """Make the Charge Point forget the identifiers in its authorization cache. The local list stays (OCPP 1.6
        §5.4).
        """
        return self.send("ClearCache", {}, options)

    def clear_charging_profile(
        self,
        options: Options | None = None,
        /,
        *,
        id: int | None = None,
        connectorId: int | None = None,
        chargingProfilePurpose: words.ChargingProfilePurposeType | None = None,
        stackLevel: int | None = None,
    ) -> Command[answers.ClearChargingProfileResponse]:
        """Remove one charging profile by its number, or all that match the other fields (OCPP 1.6 §5.5).

        id: Number of one profile.
        connectorId: Profiles of this connector; 0 is the Charge Point as a whole.
        chargingProfilePurpose: Profiles with this purpose.
        stackLevel: Profiles of this rank.
        """
        payload = {
            "id": id,
            "connectorId": connectorId,
            "chargingProfilePurpose": chargingProfilePurpose,
            "stackLevel": stackLevel,
        }
        return self.send("ClearChargingProfile", payload, options)

    def data_transfer(
        self, options: Options | None = None, /, *, vendorId: str, messageId: str | None = None, data: str | None = None
    ) -> Command[answers.DataTransferResponse]:
        """Carry a message that OCPP itself doesn't define, as agreed with the vendor of the Charge Point (OCPP 1.6
        §5.6).

        vendorId: Which vendor defined the message, by convention a reversed domain name such as com.example.
        messageId: Which of the vendor's messages this is.
        data: Content as agreed with the vendor, of any length and format; often JSON or XML as text.
        """
        return self.send("DataTransfer", {"vendorId": vendorId, "messageId": messageId, "data": data}, options)

    def get_composite_schedule(
        self,
        options: Options | None = None,
        /,
        *,
        connectorId: int,
        duration: int,
        chargingRateUnit: words.ChargingRateUnitType | None = None,
    ) -> Command[answers.GetCompositeScheduleResponse]:
        """Ask which limits will really hold, when the Charge Point has combined all its profiles and its own limits
        (OCPP 1.6 §5.7).

        connectorId: The connector, from 1 up; 0 is what the Charge Point as a whole draws from the grid.
        duration: How far to look ahead, in seconds.
        chargingRateUnit: Unit in which the answer is wanted.
        """
        payload = {"connectorId": connectorId, "duration": duration, "chargingRateUnit": chargingRateUnit}
        return self.send("GetCompositeSchedule", payload, options)

    def get_configuration(
        self, options: Options | None = None, /, *, key: Sequence[str] | None = None
    ) -> Command[answers.GetConfigurationResponse]:
        """Read settings of the Charge Point: those named, or all of them when none is named (OCPP 1.6 §5.8).

        key: Names of the settings; none means all.
        """
        return self.send("GetConfiguration", {"key": key}, options)

    def get_diagnostics(
        self,
        options: Options | None = None,
        /,
        *,
        location: str,
        startTime: words.Time | None = None,
        stopTime: words.Time | None = None,
        retries: int | None = None,
        retryInterval: int | None = None,
    ) -> Command[answers.GetDiagnosticsResponse]:
        """Have the Charge Point upload a file with diagnostics. DiagnosticsStatusNotification tells how that goes
        (OCPP 1.6 §5.9).

        location: URI of the folder to upload to, for example ftp://user:password@host/path/.
        startTime: Start of the period that the log should cover.
        stopTime: End of the period that the log should cover.
        retries: How many times to try. Default: the Charge Point decides.
        retryInterval: Seconds between two tries. Default: the Charge Point decides.
        """
        payload = {
            "location": location,
            "startTime": startTime,
            "stopTime": stopTime,
            "retries": retries,
            "retryInterval": retryInterval,
        }
        return self.send("GetDiagnostics", payload, options)
