"""Your own changes to what Glacier generated: written once, never overwritten.

``transform`` sees every resource before it is created and may change any of its
properties. To tag one bucket, for example:

    if args.type_ == "aws:s3/bucket:Bucket" and args.name == "sales-raw":
        args.props["tags"] = {"owner": "data-team"}
        return pulumi.ResourceTransformationResult(args.props, args.opts)
"""

import pulumi


def transform(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Return a resource's new properties and options; ``None`` leaves it as it is."""
    return None
