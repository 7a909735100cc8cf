"""A ROS 2 node: what edgeds sees, as vision_msgs/Detection2DArray and std_msgs/String.

It ran with stand-ins for rclpy and the messages, not inside ROS 2 yet. It needs rclpy, vision_msgs
and `pip install websockets`.

    edgeds live 0 -b plate.npz --rules rules.toml --serve 8080 --no-show
    python3 bridge.py --ros-args -p url:=ws://127.0.0.1:8080/api/events -p frame_id:=camera

From another machine, give the token of the page's link: -p token:=TOKEN. A camera of many has the
address ws://HOST:8080/cameras/NAME/api/events.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from std_msgs.msg import String
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

PAUSE_SECS = 1.0


class Bridge(Node):
    """Publishes ~/objects (each state) and ~/events (each event, as JSON)."""

    def __init__(self) -> None:
        super().__init__("edgeds")
        self.declare_parameter("url", "ws://127.0.0.1:8080/api/events")
        self.declare_parameter("token", "")
        self.declare_parameter("frame_id", "camera")
        self.objects = self.create_publisher(Detection2DArray, "~/objects", qos_profile_sensor_data)
        self.events = self.create_publisher(String, "~/events", 10)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        url = str(self.get_parameter("url").value)
        token = str(self.get_parameter("token").value)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        while rclpy.ok():
            try:
                with connect(url, additional_headers=headers, proxy=None) as socket:
                    self.get_logger().info("connected")
                    for message in socket:
                        self.publish(json.loads(message))
            except (OSError, WebSocketException) as error:
                self.get_logger().warning(f"no connection ({type(error).__name__}); trying again")
            time.sleep(PAUSE_SECS)

    def publish(self, message: dict[str, Any]) -> None:
        if message["event"] != "state":
            self.events.publish(String(data=json.dumps(message)))
            return
        found = Detection2DArray()
        found.header.stamp = self.get_clock().now().to_msg()
        found.header.frame_id = str(self.get_parameter("frame_id").value)
        found.detections = [self.detection(one, found.header) for one in message["objects"]]
        self.objects.publish(found)

    def detection(self, one: dict[str, Any], header: Any) -> Detection2D:
        """The box; the distance, where edgeds knows metres, as z of the pose with its variance."""
        left, top, width, height = one["box"]
        detection = Detection2D(header=header, id=str(one["id"]))
        detection.bbox.center.position.x = left + width / 2
        detection.bbox.center.position.y = top + height / 2
        detection.bbox.size_x, detection.bbox.size_y = float(width), float(height)
        thing = ObjectHypothesisWithPose()
        thing.hypothesis.class_id = "foreground"  # edgeds has no classes
        thing.hypothesis.score = 1.0
        if one["metres"] is not None:
            thing.pose.pose.position.z = float(one["metres"])
            thing.pose.covariance[14] = float(one["metres_sigma"]) ** 2  # of z
        detection.results = [thing]
        return detection


def main() -> None:
    rclpy.init()
    node = Bridge()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
