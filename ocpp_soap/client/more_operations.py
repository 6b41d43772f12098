"""The operations of a charge point as methods.

Written by `python -m ocpp_soap.protocol.stubs ocpp_soap/client` from the WSDLs.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import answers, types, words
from .commands import Command, Options, Sending


class MoreOperations(Sending):
    """What a station can be told; each method sends one command, and `options`, always the first, say how."""

    def get_local_list_version(self, options: Options | None = None, /) -> Command[answers.GetLocalListVersionResponse]:
        """Ask which version of the local authorization list the Charge Point holds (OCPP 1.6 §5.10)."""
        return self.send("GetLocalListVersion", {}, options)

    def remote_start_transaction(
        self,
        options: Options | None = None,
        /,
        *,
        connectorId: int | None = None,
        idTag: str,
        chargingProfile: types.ChargingProfile | None = None,
    ) -> Command[answers.RemoteStartTransactionResponse]:
        """Have a transaction started, as if the driver had presented the identifier at the Charge Point. The setting
        AuthorizeRemoteTxRequests decides whether the Charge Point asks with Authorize first (OCPP 1.6 §5.11).

        connectorId: The connector to use, from 1 up. Without it the Charge Point may choose, or refuse.
        idTag: The identifier that the transaction is started with.
        chargingProfile: Limits for this transaction; the purpose must be TxProfile.
        """
        payload = {"connectorId": connectorId, "idTag": idTag, "chargingProfile": chargingProfile}
        return self.send("RemoteStartTransaction", payload, options)

    def remote_stop_transaction(
        self, options: Options | None = None, /, *, transactionId: int
    ) -> Command[answers.RemoteStopTransactionResponse]:
        """Have a transaction in progress ended, as if the driver had done so at the Charge Point (OCPP 1.6 §5.12).

        transactionId: The number that the Central System gave when the transaction began.
        """
        return self.send("RemoteStopTransaction", {"transactionId": transactionId}, options)

    def reserve_now(
        self,
        options: Options | None = None,
        /,
        *,
        connectorId: int,
        expiryDate: words.Time,
        idTag: str,
        parentIdTag: str | None = None,
        reservationId: int,
    ) -> Command[answers.ReserveNowResponse]:
        """Keep a connector free for one driver until a given time. A request with the number of an existing
        reservation replaces it (OCPP 1.6 §5.13).

        connectorId: The connector, from 1 up; 0 keeps any one connector free, if the Charge Point supports that.
        expiryDate: When the reservation lapses.
        idTag: The identifier that it is for.
        parentIdTag: A group whose members may use it too.
        reservationId: Number of the reservation, chosen by the Central System.
        """
        payload = {
            "connectorId": connectorId,
            "expiryDate": expiryDate,
            "idTag": idTag,
            "parentIdTag": parentIdTag,
            "reservationId": reservationId,
        }
        return self.send("ReserveNow", payload, options)

    def reset(self, options: Options | None = None, /, *, type: words.ResetType) -> Command[answers.ResetResponse]:
        """Have the Charge Point restart. It sends BootNotification when it is back (OCPP 1.6 §5.14).

        type: Soft or Hard.
        """
        return self.send("Reset", {"type": type}, options)

    def send_local_list(
        self,
        options: Options | None = None,
        /,
        *,
        listVersion: int,
        localAuthorizationList: Sequence[types.AuthorizationData] | None = None,
        updateType: words.UpdateType,
    ) -> Command[answers.SendLocalListResponse]:
        """Replace or amend the list of identifiers that the Charge Point can accept while offline (OCPP 1.6 §5.15).

        listVersion: Version that the list has after the update.
        localAuthorizationList: The entries; none in a Full update empties the list.
        updateType: Full or Differential.
        """
        payload = {
            "listVersion": listVersion,
            "localAuthorizationList": localAuthorizationList,
            "updateType": updateType,
        }
        return self.send("SendLocalList", payload, options)

    def set_charging_profile(
        self, options: Options | None = None, /, *, connectorId: int, csChargingProfiles: types.ChargingProfile
    ) -> Command[answers.SetChargingProfileResponse]:
        """Limit power or current over time, for the Charge Point, a connector or one transaction (OCPP 1.6 §5.16).

        connectorId: The connector, from 1 up; 0 for a ChargePointMaxProfile, or for a TxDefaultProfile on all
            connectors.
        csChargingProfiles: The profile: one, in spite of the plural name.
        """
        payload = {"connectorId": connectorId, "csChargingProfiles": csChargingProfiles}
        return self.send("SetChargingProfile", payload, options)

    def trigger_message(
        self,
        options: Options | None = None,
        /,
        *,
        requestedMessage: words.MessageTrigger,
        connectorId: int | None = None,
    ) -> Command[answers.TriggerMessageResponse]:
        """Have the Charge Point send one of its own messages now, with current data (OCPP 1.6 §5.17).

        requestedMessage: Name of the message.
        connectorId: The connector to report on, from 1 up; only for messages about a connector.
        """
        return self.send("TriggerMessage", {"requestedMessage": requestedMessage, "connectorId": connectorId}, options)

    def unlock_connector(
        self, options: Options | None = None, /, *, connectorId: int
    ) -> Command[answers.UnlockConnectorResponse]:
        """Help a driver whose cable is stuck: the Charge Point releases the connector's lock, and first ends a
        transaction there. To end a transaction, use RemoteStopTransaction instead (OCPP 1.6 §5.18).

        connectorId: The connector, from 1 up.
        """
        return self.send("UnlockConnector", {"connectorId": connectorId}, options)

    def update_firmware(
        self,
        options: Options | None = None,
        /,
        *,
        retrieveDate: words.Time,
        location: str,
        retries: int | None = None,
        retryInterval: int | None = None,
    ) -> Command[answers.UpdateFirmwareResponse]:
        """Have the Charge Point download and install firmware. FirmwareStatusNotification tells how that goes (OCPP
        1.6 §5.19).

        retrieveDate: Earliest time at which the Charge Point fetches the file.
        location: URI of the file to download.
        retries: How many times to try the download. Default: the Charge Point decides.
        retryInterval: Seconds between two tries. Default: the Charge Point decides.
        """
        payload = {
            "retrieveDate": retrieveDate,
            "location": location,
            "retries": retries,
            "retryInterval": retryInterval,
        }
        return self.send("UpdateFirmware", payload, options)
