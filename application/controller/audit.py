"""The audit log: who did what, for administrators."""

from flask import Blueprint, render_template, request

from application.controller.permissions import ADMINISTRATORS
from application.controller.staff import only
from application.data import data_access

blueprint = Blueprint("audit", __name__)


@blueprint.get("/desk/log")
@only(ADMINISTRATORS)
def log() -> str:
    """List the deeds, the latest first."""
    before = request.args.get("before") or None
    return render_template("audit/log.html", page=data_access.get_audit(before), before=before)
